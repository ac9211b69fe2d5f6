import { createMessage, parseHeader, type KernelMessage } from './kernel-message.ts'

/** What a kernel's process was asked and has not answered: where it ends, somebody has to. */
export interface PendingRequests {
  /** It goes to the kernel. @param answer - hands a message to the client that asked */
  add(message: KernelMessage, answer: (message: KernelMessage) => void): void
  /** The kernel has replied. */
  settle(reply: KernelMessage): void
  /** The requests, in the order in which they were asked, which from now on are the caller's to answer. */
  takeAll(): PendingRequest[]
}

export interface PendingRequest {
  /** Such as `execute_request`. */
  type: string
  header: Buffer
  /** Replies with this content; the type follows from the request's. */
  reply(content: object): void
}

/** A kernel may ignore requests that it does not know: those that wait longest are forgotten. */
const most = 10_000

export function createPendingRequests(): PendingRequests {
  const pending = new Map<string, PendingRequest>()
  return {
    add(message, answer) {
      const request = toRequest(message, answer)
      const id = request && parseHeader(request.header).msg_id
      if (request === undefined || id === undefined) return
      pending.set(id, request)
      const [oldest] = pending.keys()
      if (pending.size > most && oldest !== undefined) pending.delete(oldest)
    },
    settle(reply) {
      if (pending.size === 0) return
      const id = parseHeader(reply.frames[1]).msg_id
      if (id !== undefined) pending.delete(id)
    },
    takeAll() {
      const all = [...pending.values()]
      pending.clear()
      return all
    },
  }
}

/**
 * Undefined for what has no reply, and for what clients ask again by themselves after a restart: the kernel's information, and
 * all of the control channel (the Lab takes a debugger's refusal for an answer).
 */
export function toRequest(
  { channel, frames: [header] }: KernelMessage,
  answer: (message: KernelMessage) => void,
): PendingRequest | undefined {
  const type = parseHeader(header).msg_type
  if (header === undefined || channel !== 'shell') return undefined
  if (typeof type !== 'string' || !type.endsWith('_request') || type === 'kernel_info_request') return undefined
  // A part of the message would keep all of it, with what it carries.
  const parent = Buffer.from(header)
  return {
    type,
    header: parent,
    reply: (content) => answer(createMessage(channel, type.replace(/request$/, 'reply'), content, parent)),
  }
}
