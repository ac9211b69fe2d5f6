import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/** `fetch` over a unix socket, for the administrator's door of a running service: text both ways, no redirects. */
export function createSocketFetch(socketPath: string): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const headers = { ...Object.fromEntries(new Headers(init.headers)), host: 'localhost' }
    const sent = request({ socketPath, path: toText(input), method: init.method ?? 'GET', headers }, resolve)
    sent.on('error', reject)
    sent.end(typeof init.body === 'string' ? init.body : undefined)
    const answer = await promise
    const status = answer.statusCode ?? 500
    const body = await text(answer)
    return new Response(status === 204 ? null : body, { status })
  }
}

/** The address that a call of `fetch` names. */
export function toText(input: string | URL | Request): string {
  return input instanceof Request ? input.url : input.toString()
}
