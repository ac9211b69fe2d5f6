import { CygnetError } from '@cygnet/core/errors'
import type { IncomingMessage } from 'node:http'

/** Cuts the origin off a request's target where a client sent it in full (RFC 9112, 3.2.2). */
export function normalizeTarget(request: IncomingMessage): string {
  const url = request.url ?? '/'
  if (url.startsWith('/')) return url
  const [, rest] = /^https?:\/\/[^/?#]*(.*)$/is.exec(url) ?? []
  if (rest === undefined) throw new CygnetError('bad-request', 'The address of the request is not a path.')
  request.url = rest.startsWith('/') ? rest : `/${rest}`
  return request.url
}

/** Whether a path belongs to a user's server. */
export function isUserPath(url: string): boolean {
  return url.startsWith('/user/')
}

/**
 * The user whose server a path below `/user/` belongs to, and what follows: empty, `?...` or `/...`.
 * @throws CygnetError `bad-request` where the name is no valid text
 */
export function parseUserPath(url: string): { name: string; rest: string } {
  const [, raw = '', rest = ''] = /^\/user\/([^/?#]*)(.*)$/s.exec(url) ?? []
  try {
    return { name: decodeURIComponent(raw), rest }
  } catch (cause) {
    throw new CygnetError('bad-request', 'The user name in the address is not valid.', { cause })
  }
}

/** The value of `token` in a query, and the target without it. */
export function takeToken(url: string): { token: string; without: string } | undefined {
  const mark = url.indexOf('?')
  if (mark === -1 || !url.includes('token=', mark)) return undefined
  const parts = url.slice(mark + 1).split('&')
  const token = parts.find((part) => part.startsWith('token='))?.slice('token='.length)
  if (token === undefined || token === '') return undefined
  const query = parts.filter((part) => !part.startsWith('token=')).join('&')
  const path = url.slice(0, mark)
  return { token, without: query === '' ? path : `${path}?${query}` }
}

/** The value of a parameter in a query, or undefined. */
export function readQuery(url: string, name: string): string | undefined {
  const mark = url.indexOf('?')
  return mark === -1 ? undefined : (new URLSearchParams(url.slice(mark + 1)).get(name) ?? undefined)
}
