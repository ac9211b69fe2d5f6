import { statusOf, toCygnetError, toErrorBody, type CygnetError } from '@cygnet/core/errors'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { baseOf } from './base-path.ts'
import { toErrorPage } from './pages/error.ts'
import { pageHeaders } from './pages/layout.ts'
import { toSignInPath } from './pages/sign-in-path.ts'

export interface ErrorAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** The headers of every answer of the API; a handler may set others. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const

/** The answer to a request that failed: a page for whoever looks at it in a browser, JSON for everything else. */
export function toErrorAnswer(request: IncomingMessage, error: CygnetError, requestId?: string): ErrorAnswer {
  const url = request.url ?? '/'
  const base = baseOf(request)
  const status = toStatus(url, error)
  const retry = error.retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(error.retryAfter)) }
  if (isNavigation(request) && error.code === 'unauthenticated' && request.method === 'GET')
    return { status: 302, headers: { ...pageHeaders, location: base.to(toSignInPath(base, url)) }, body: '' }
  if (isNavigation(request))
    return { status, headers: { ...pageHeaders, ...retry }, body: toErrorPage(base, error, { url, requestId }) }
  const json = { ...apiHeaders, 'content-type': 'application/json; charset=utf-8' }
  return { status, headers: { ...json, ...retry }, body: JSON.stringify({ ...toErrorBody(error), status }) }
}

/** Answers a request outside the routes with an error; where an answer has begun already, it is cut off. */
export function answerError(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, headers, body } = toErrorAnswer(request, toCygnetError(thrown))
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Answers an upgrade that is not to be with an error, and closes the connection. */
export function refuseUpgrade(request: IncomingMessage, socket: Duplex, thrown: unknown): void {
  if (socket.destroyed) return
  const error = toCygnetError(thrown)
  const status = toStatus(request.url ?? '/', error)
  const body = JSON.stringify({ ...toErrorBody(error), status })
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** JupyterHub and its servers answer 403 where nobody is signed in, and its clients know no 401. */
function toStatus(url: string, { code }: CygnetError): number {
  return code === 'unauthenticated' && /^\/(?:hub\/api|user)(?:[/?]|$)/.test(url) ? 403 : statusOf(code)
}

/** Whether the answer is shown to a person as a page of its own. */
export function isNavigation({ headers, url = '/' }: IncomingMessage): boolean {
  // Browsers send these together; a library that sends some of them is none.
  if (headers['sec-fetch-dest'] !== undefined) return headers['sec-fetch-mode'] === 'navigate'
  // Clients of the API without these headers, some of which accept anything, get JSON.
  const isApi = /^\/(?:hub\/api|api|user\/[^/]*\/api)(?:[/?]|$)/.test(url)
  return !isApi && (headers.accept?.includes('text/html') ?? false)
}
