import { parseHeader, parseObject, type KernelMessage } from './kernel-message.ts'

/** What a kernel does, as Jupyter Server tells it: followed from what the kernel publishes. */
export interface KernelActivity {
  /** `starting`, `idle`, `busy`, `restarting`, `dead`, or what else a kernel says of itself. */
  state: string
  last: Date
  /** The header of the request to execute that it works on. */
  executing: Buffer | undefined
  /** Looks at a message of iopub. Only states are parsed. */
  observe(message: KernelMessage): void
}

/** Requests that are no work of the user's: their states are not taken over (jupyter_server, `untracked_message_types`). */
const untracked = new Set([
  'comm_info_request',
  'kernel_info_request',
  'shutdown_request',
  'interrupt_request',
  'debug_request',
])

const statusMark = Buffer.from('"status"')

export function createKernelActivity(): KernelActivity {
  const activity: KernelActivity = {
    state: 'starting',
    last: new Date(),
    executing: undefined,
    observe(message) {
      const [header, parent, , content] = message.frames
      if (header?.includes(statusMark) !== true || parseHeader(header).msg_type !== 'status') {
        activity.last = new Date()
        return
      }
      const state = parseObject(content)['execution_state']
      const request = parseHeader(parent).msg_type
      if (typeof state !== 'string' || request === undefined || untracked.has(request)) return
      activity.state = state.slice(0, 40)
      activity.executing = state === 'busy' && request === 'execute_request' ? parent : undefined
      activity.last = new Date()
    },
  }
  return activity
}
