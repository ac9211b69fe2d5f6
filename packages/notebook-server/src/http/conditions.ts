import type { IncomingHttpHeaders } from 'node:http'
import fresh from 'fresh'

/** Whether a client says that it has it already, as it is now (RFC 9110, section 13). */
export function isKnown(headers: IncomingHttpHeaders, etag: string, modified?: Date): boolean {
  // Without their `Cache-Control`: scripts that send a condition by `fetch` send `no-cache` with it.
  const { 'if-none-match': tags, 'if-modified-since': since } = headers
  return fresh(
    { 'if-none-match': tags, 'if-modified-since': since },
    { etag, 'last-modified': modified?.toUTCString() },
  )
}
