import fresh from 'fresh'
import type { IncomingHttpHeaders } from 'node:http'

/** The etags of an If-Match or If-None-Match header, `*` included; undefined where there is none. */
export function parseEtags(header: string | undefined): string[] | undefined {
  if (header === undefined) return undefined
  return header.match(/\*|(?:W\/)?"[^"]*"/g) ?? []
}

/** What a request's conditions say of a file as it is now (RFC 9110, section 13.2.2). */
export function checkConditions(
  headers: IncomingHttpHeaders,
  etag: string,
  modified: Date,
): 'go-on' | 'not-modified' | 'failed' {
  const wanted = parseEtags(headers['if-match'])
  if (wanted !== undefined) {
    if (!wanted.includes('*') && !wanted.includes(etag)) return 'failed'
  } else if (isAfter(modified, headers['if-unmodified-since'])) return 'failed'
  return isKnown(headers, etag, modified) ? 'not-modified' : 'go-on'
}

/** Whether the reader says that they have it already, as it is now. */
export function isKnown(headers: IncomingHttpHeaders, etag: string, modified?: Date): boolean {
  // Without their `Cache-Control`: scripts that send a condition by `fetch` send `no-cache` with it.
  const { 'if-none-match': tags, 'if-modified-since': since } = headers
  return fresh(
    { 'if-none-match': tags, 'if-modified-since': since },
    { etag, 'last-modified': modified?.toUTCString() },
  )
}

/** False where the ranges are of another content than the present one: then the whole is sent. */
export function isSameForRange(header: string | string[] | undefined, etag: string, modified: Date): boolean {
  if (header === undefined) return true
  if (typeof header !== 'string') return false
  return header.startsWith('"') ? header === etag : header === modified.toUTCString()
}

function isAfter(modified: Date, header: string | undefined): boolean {
  return header !== undefined && isDate(header) && Math.floor(modified.getTime() / 1000) * 1000 > Date.parse(header)
}

function isDate(text: string): boolean {
  return !Number.isNaN(Date.parse(text))
}
