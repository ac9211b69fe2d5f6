import type { BasePath } from './base-path.ts'

const longest = 2000
const here = 'http://cygnet.invalid'

/**
 * Where to go after sign-in: the path, query and fragment of `next` where it is an address of this service, else `/`. It may
 * come with the base path or without, and has none when it is returned.
 *
 * Refused: other origins in any spelling (`//host`, `/\host`, a scheme, tabs and line breaks, which browsers drop), what
 * becomes one when dots are resolved (`/..//host`) or a careless decoder reads it again (`/%2f/host`), and the pages that
 * would lead in a circle or sign out.
 */
export function toSafeNext(base: BasePath, written: string | null | undefined): string {
  if (written === null || written === undefined || written.length > longest) return '/'
  const next = base.strip(written)
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (!next.startsWith('/') || /[\\\u0000-\u0020\u007f]/.test(next)) return '/'
  const url = URL.parse(next, here)
  if (url === null || url.origin !== here || /^\/(?:\/|%2f|%5c)/i.test(url.pathname)) return '/'
  if (/^\/(?:hub\/)?(?:login|logout|first)(?:\/|$)/i.test(url.pathname)) return '/'
  return url.pathname + url.search + url.hash
}
