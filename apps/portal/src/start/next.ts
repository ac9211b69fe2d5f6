/** Where the service is: its origin, and its base path with a slash at either end. */
interface Place {
  origin: string
  basePath: string
}

/**
 * A `next` from the address bar, or undefined where it does not stay on this service. `//host`, `/\\host` and other schemes
 * would lead elsewhere. It may come without the base path, and has it when it is returned.
 */
export function parseNext(text: string | null | undefined, { origin, basePath }: Place): string | undefined {
  if (text === null || text === undefined) return undefined
  const inner = text.startsWith(basePath) ? text.slice(basePath.length - 1) : text
  if (!/^\/(?![/\\])/.test(inner)) return undefined
  const url = URL.parse(inner, origin)
  // `/.//host` becomes `//host` once it is parsed.
  if (url === null || url.origin !== origin || url.pathname.startsWith('//')) return undefined
  return basePath.slice(0, -1) + url.pathname + url.search + url.hash
}
