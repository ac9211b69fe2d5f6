import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/** `fetch` over a unix socket, for the administrator's door of a running service: text both ways, no redirects. */
export function createSocketFetch(socketPath: string): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const headers = Object.fromEntries(new Headers(init.headers))
    const options = {
      socketPath,
      path: String(input),
      method: init.method ?? 'GET',
      headers: { ...headers, host: 'localhost' },
    }
    const sent = request(options, (answer) => {
      text(answer).then((body) => {
        const status = answer.statusCode ?? 500
        resolve(new Response(status === 204 ? null : body, { status }))
      }, reject)
    })
    sent.on('error', reject)
    sent.end(typeof init.body === 'string' ? init.body : undefined)
    return promise
  }
}
