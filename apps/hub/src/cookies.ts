import { stringifySetCookie } from 'cookie'

/** The name of the cookie that signs in. */
export const sessionCookie = 'cygnet-session'
/** The name of the cookie that scripts of the service's own pages repeat as `X-XSRFToken`. */
export const xsrfCookie = '_xsrf'

// Browsers keep a cookie for 400 days at most; when a session ends is up to the service.
const longest = 400 * 24 * 3600

/** The value of the first cookie of this name. Whatever else the header holds is passed over. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  return readCookies(header, name)[0]
}

/**
 * The values of all cookies of this name: a page can set one for a path of its own, which browsers send first. The package
 * `cookie` gives the first alone (the test “a cookie that a page set for its own path signs nobody out” fails).
 */
export function readCookies(header = '', name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < header.length;) {
    const end = header.indexOf(';', at)
    const stop = end === -1 ? header.length : end
    const equals = header.indexOf('=', at)
    if (equals !== -1 && equals < stop && header.slice(at, equals).trim() === name)
      values.push(
        header
          .slice(equals + 1, stop)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      )
    at = stop + 1
  }
  return values
}

export interface CookieOptions {
  /** Only over https. */
  secure: boolean
  /** Not for scripts. */
  httpOnly: boolean
  /** Where the browser sends it: there and below. */
  path: string
}

export function toCookie(name: string, value: string, options: CookieOptions): string {
  return stringifySetCookie({ name, value, maxAge: longest, sameSite: 'lax', ...options })
}

export function toRemovedCookie(name: string, options: CookieOptions): string {
  return stringifySetCookie({ name, value: '', maxAge: 0, sameSite: 'lax', ...options })
}
