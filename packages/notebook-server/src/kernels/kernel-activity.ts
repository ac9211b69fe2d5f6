import type { Work } from '../activity.ts'
import { parseHeader, parseObject, type KernelMessage } from './kernel-message.ts'

/** What a kernel does, as Jupyter Server tells it: followed from what clients ask of it and what it publishes. */
export interface KernelActivity extends Work {
  /** `starting`, `idle`, `busy`, `restarting`, `dead`, or what else a kernel says of itself. */
  state: string
  readonly last: Date
  /** The header of the request to execute that it works on. */
  executing: Buffer | undefined
  /** It begins or ends something. */
  enter(state: string): void
  /** Looks at a message of a client. */
  notice(message: KernelMessage): void
  /** Looks at a message of iopub. Only states are parsed. */
  observe(message: KernelMessage): void
}

/**
 * Requests that are no work of the user's but what pages send by themselves, when they connect and when one looks at them: they
 * are no input, and their states are not taken over (jupyter_server, `untracked_message_types`).
 */
const untracked = new Set([
  'comm_info_request',
  'history_request',
  'kernel_info_request',
  'shutdown_request',
  'interrupt_request',
  'debug_request',
])

const statusMark = Buffer.from('"status"')
/** What a kernel publishes that is no output of anything. */
const quietMarks = [Buffer.from('"debug_event"'), Buffer.from('"iopub_welcome"')]

export function createKernelActivity(): KernelActivity {
  const activity: KernelActivity = {
    state: 'starting',
    lastInput: null,
    lastOutput: new Date(),
    executing: undefined,
    get busy() {
      return activity.state === 'busy'
    },
    get last() {
      const { lastInput, lastOutput } = activity
      return new Date(Math.max(lastInput?.getTime() ?? 0, lastOutput?.getTime() ?? 0))
    },
    enter(state) {
      activity.state = state
      activity.lastOutput = new Date()
    },
    notice({ frames: [header] }) {
      const type = parseHeader(header).msg_type
      if (type !== undefined && !untracked.has(type)) activity.lastInput = new Date()
    },
    observe({ frames: [header, parent, , content] }) {
      if (header?.includes(statusMark) !== true || parseHeader(header).msg_type !== 'status') {
        if (!quietMarks.some((mark) => header?.includes(mark))) activity.lastOutput = new Date()
        return
      }
      const state = parseObject(content)['execution_state']
      const request = parseHeader(parent).msg_type
      if (typeof state !== 'string' || request === undefined || untracked.has(request)) return
      activity.enter(state.slice(0, 40))
      activity.executing = state === 'busy' && request === 'execute_request' ? parent : undefined
    },
  }
  return activity
}
