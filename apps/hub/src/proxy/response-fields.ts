import { confineCookie } from './cookies.ts'
import { listedIn } from './request-fields.ts'

/** Fields of the one connection between hub and server; node frames the response to the client anew. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Fields that speak for the whole origin, which is the hub's and not one session's. */
const ofOrigin = new Set([
  'service-worker-allowed',
  'clear-site-data',
  'strict-transport-security',
  'public-key-pins',
  'alt-svc',
  'nel',
  'report-to',
  'origin-agent-cluster',
])

/**
 * The fields of a session's response as the hub passes them on: name, value, …
 * @param path - of the session: `/user/<name>/`
 * @param keepTrailer - whether trailers go on, and so the field that announces them
 */
export function toResponseFields(
  fields: string[],
  path: string,
  hubCookies: ReadonlySet<string>,
  keepTrailer: boolean,
): string[] {
  const passed: string[] = []
  let listed: Set<string> | undefined
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? ''
    const value = fields[index + 1] ?? ''
    const key = name.toLowerCase()
    if (key === 'connection') listed = listedIn(value.toLowerCase()) ?? listed
    if (ofConnection.has(key) || ofOrigin.has(key) || (key === 'trailer' && !keepTrailer)) continue
    if (key === 'set-cookie') {
      const cookie = confineCookie(value, path, hubCookies)
      if (cookie !== undefined) passed.push(name, cookie)
    } else passed.push(name, value)
  }
  return listed === undefined ? passed : withoutListed(passed, listed)
}

function withoutListed(fields: string[], listed: Set<string>): string[] {
  const framing = new Set(['content-length', 'date'])
  return fields.filter((_, index) => {
    const key = (fields[index - (index % 2)] ?? '').toLowerCase()
    return framing.has(key) || !listed.has(key)
  })
}
