import type { IncomingMessage } from 'node:http'
import { withoutHubCookies } from './cookies.ts'

export interface ForwardOptions {
  /** Names of the cookies that are the hub's own: no session sees or sets them. */
  hubCookies: ReadonlySet<string>
  /** Believe what a proxy before the service says of the client. */
  trustProxy: boolean
}

/** How the body goes on: as many bytes as the client said, in chunks, or there is none. */
export type RequestBody = 'none' | 'length' | 'chunked'

/**
 * Fields that are not the client's to send on: those of this one connection (RFC 9110, 7.6.1), those whose values the
 * hub sets itself, and the credentials that are meant for the hub.
 */
const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'content-length',
  'authorization',
  'x-xsrftoken',
  'forwarded',
  'x-real-ip',
  'x-scheme',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
])

export function bodyOf(request: IncomingMessage): RequestBody {
  if (request.headers['transfer-encoding'] !== undefined) return 'chunked'
  const length = request.headers['content-length']
  return length === undefined ? 'none' : 'length'
}

/**
 * The head of the request as it goes to the session's server, with the empty line that ends it.
 *
 * @param target - path and query, without the hub's credentials
 * @param authorization - the value of the field that opens the server
 * @param connection - the fields of this connection: `Connection`, with what it lists, and the body's framing
 */
export function toRequestHead(
  request: IncomingMessage,
  target: string,
  authorization: string,
  connection: string,
  options: ForwardOptions,
): string {
  const raw = request.rawHeaders
  const listed = listedIn(request.headers.connection)
  let head = `${request.method} ${target} HTTP/1.1\r\n`
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    const key = name.toLowerCase()
    if (dropped.has(key) || key.startsWith('x-forwarded-')) continue
    if (listed?.has(key)) continue
    if (key === 'cookie') {
      const cookie = withoutHubCookies(value, options.hubCookies)
      if (cookie !== undefined) head += `Cookie: ${cookie}\r\n`
    } else head += `${name}: ${value}\r\n`
  }
  return `${head}${forwardedFields(request, options.trustProxy)}Authorization: ${authorization}\r\n${connection}\r\n`
}

/** Whether the client takes fields after a chunked body (RFC 9110, 10.1.4). */
export function takesTrailers(request: IncomingMessage): boolean {
  const te = request.headers['te']
  return typeof te === 'string' && /(?:^|,)\s*trailers\s*(?:,|$)/i.test(te)
}

/** The trailers of a request, without those that could be taken for what the hub decided. */
export function toTrailers(rawTrailers: string[]): string {
  let text = ''
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const key = (rawTrailers[index] ?? '').toLowerCase()
    if (dropped.has(key) || key.startsWith('x-forwarded-') || key === 'host' || key === 'cookie') continue
    text += `${rawTrailers[index]}: ${rawTrailers[index + 1]}\r\n`
  }
  return text
}

function forwardedFields(request: IncomingMessage, trustProxy: boolean): string {
  const address = request.socket.remoteAddress ?? ''
  const { headers } = request
  const before = trustProxy ? headers['x-forwarded-for'] : undefined
  const protocol = trustProxy ? single(headers['x-forwarded-proto']) : undefined
  const host = trustProxy ? single(headers['x-forwarded-host']) : undefined
  return (
    `X-Forwarded-For: ${before === undefined ? address : `${String(before)}, ${address}`}\r\n` +
    `X-Forwarded-Proto: ${protocol ?? ('encrypted' in request.socket ? 'https' : 'http')}\r\n` +
    `X-Forwarded-Host: ${host ?? headers.host ?? ''}\r\n`
  )
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

/** What else is of this connection only. `Host` always goes on; nobody may talk it away. */
export function listedIn(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined
  const names = connection.split(',').map((name) => name.trim().toLowerCase())
  return new Set(names.filter((name) => name !== 'host' && name !== 'cookie'))
}
