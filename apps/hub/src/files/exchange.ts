import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A request whose body, or whose answer, is bytes of any length. */
export interface Exchange {
  request: FastifyRequest
  reply: FastifyReply
  /** How long nothing may move over the connection, in milliseconds. */
  patience: number
}

/**
 * Cuts a connection on which nothing moves while `work` is done over it: a peer that is gone without a word would hold
 * its file open for ever. As long as bytes come or go, it may take as long as it takes.
 */
export async function whileMoving<Result>(
  { request, patience }: Exchange,
  work: () => Promise<Result>,
): Promise<Result> {
  const { socket } = request.raw
  // Node itself destroys a socket that times out, and sets the time it wants once the answer is out.
  socket.setTimeout(patience)
  try {
    return await work()
  } finally {
    socket.setTimeout(0)
  }
}

/**
 * Answers with the headers of the reply and, but for HEAD, with what `write` sends, past Fastify. Where that fails, or the
 * client leaves, the connection is cut: what was sent must not look whole.
 */
export async function answerBytes(
  exchange: Exchange,
  write: (target: ServerResponse) => Promise<void>,
): Promise<undefined> {
  const { request, reply } = exchange
  const { raw } = reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  if (request.method !== 'HEAD') {
    try {
      await whileMoving(exchange, () => write(raw))
    } catch {
      raw.destroy()
      return
    }
  }
  raw.end()
}
