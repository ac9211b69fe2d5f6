import { userName } from '@cygnet/core/user-name'

/** What a request target below `/user/` means. */
export type Target =
  /** Not below `/user/`: somebody else's. */
  | { kind: 'other' }
  /** Below `/user/`, but with no name that a user could have, or with a path that could be read in two ways. */
  | { kind: 'invalid'; why: string }
  /** `/user/<name>` without the slash that the server's base path ends with. */
  | { kind: 'bare'; name: string; search: string }
  /** `path` is in canonical form up to the name, begins with `/user/<name>/`, and has no query. */
  | { kind: 'server'; name: string; path: string; search: string }

const prefix = '/user/'
/** What nearly all requests look like: nothing encoded, no component that begins with a dot. */
const plain = /^\/user\/([a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?)\/(?:[\w~@:+,=!$&'()*;-][\w~@:+,=!$&'()*;.-]*\/?)*$/

/**
 * Reads a request target. Whose server is meant is decided here and nowhere else: the gate and the routing both use the
 * name that is returned, so that no spelling of a path can lead past the one to another.
 *
 * A dot segment, in whatever encoding, is refused: clients resolve them before they send, and what is behind might
 * resolve them in another way than we do.
 */
export function parseTarget(url: string): Target {
  const origin = url.charCodeAt(0) === 47 ? url : withoutOrigin(url)
  if (!origin.startsWith(prefix)) return { kind: 'other' }
  const mark = origin.indexOf('?')
  const path = mark === -1 ? origin : origin.slice(0, mark)
  const search = mark === -1 ? '' : origin.slice(mark)
  const quick = plain.exec(path)
  if (quick !== null) return { kind: 'server', name: quick[1] ?? '', path, search }
  return parseSlowly(path, search)
}

function parseSlowly(path: string, search: string): Target {
  const slash = path.indexOf('/', prefix.length)
  const name = decode(slash === -1 ? path.slice(prefix.length) : path.slice(prefix.length, slash))
  if (name === undefined || !userName.safeParse(name).success)
    return { kind: 'invalid', why: 'No user can have this name.' }
  if (slash === -1) return { kind: 'bare', name, search }
  const rest = path.slice(slash)
  const decoded = decode(rest)
  if (decoded === undefined) return { kind: 'invalid', why: 'The path is not encoded correctly.' }
  if (decoded.split(/[/\\]/).some((segment) => segment === '.' || segment === '..'))
    return { kind: 'invalid', why: 'A path has no "." and ".." components.' }
  return { kind: 'server', name, path: `${prefix}${name}${rest}`, search }
}

/** `http://host/path` to `/path` (RFC 9112, 3.2.2). The authority is not believed: all hosts are this one. */
function withoutOrigin(url: string): string {
  const match = /^https?:\/\/[^/?#]*(\/.*)?$/i.exec(url)
  return match?.[1] ?? ''
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/**
 * The query without the credentials that are the hub's: `token` and `_xsrf`, in whatever encoding. The rest stays as it is.
 * @param search - empty, or beginning with `?`
 */
export function withoutCredentials(search: string): string {
  if (search.length < 2) return ''
  const kept = search
    .slice(1)
    .split('&')
    .filter((pair) => !isCredential(pair))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

function isCredential(pair: string): boolean {
  const equals = pair.indexOf('=')
  const name = equals === -1 ? pair : pair.slice(0, equals)
  const decoded = name.includes('%') ? (decode(name) ?? name) : name
  return decoded === 'token' || decoded === '_xsrf'
}
