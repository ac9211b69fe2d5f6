import type { IncomingMessage } from 'node:http'

/**
 * Where the service lies on its host: at `/`, or below a path such as `/cygnet/`. Within the hub all paths are as if it lay
 * at `/`; the base path is taken off where a request comes in, and put before what a browser or a program is told.
 */
export interface BasePath {
  /** With a slash at either end. */
  readonly path: string
  /** A path of the service as others know it. One that lies below the base path already stays. */
  to(path: string): string
  /**
   * A request's target, or a path that somebody was told, as the hub knows it. What does not begin with the base path stays:
   * a web server before the service has taken it off. No path of the service's own begins with it, so that nothing can be
   * read in two ways.
   */
  strip(target: string): string
}

/** @param publicUrl - checked, without a slash at its end; undefined for `/` */
export function createBasePath(publicUrl: string | undefined): BasePath {
  const pathname = publicUrl === undefined ? '/' : new URL(publicUrl).pathname
  const path = pathname.endsWith('/') ? pathname : `${pathname}/`
  if (path === '/') return { path, to: (same) => same, strip: (same) => same }
  const bare = path.slice(0, -1)
  const isBelow = (target: string): boolean =>
    target.startsWith(bare) && (target.length === bare.length || /^[/?#]/.test(target.slice(bare.length)))
  return {
    path,
    to: (inner) => (isBelow(inner) ? inner : bare + inner),
    strip(target) {
      if (!isBelow(target)) return target
      const rest = target.slice(bare.length)
      return rest.startsWith('/') ? rest : `/${rest}`
    },
  }
}

const entered = new WeakMap<IncomingMessage, BasePath>()
const atRoot = createBasePath(undefined)

/** Takes the base path off a request that comes in. @returns its target from now on */
export function enterBelow(base: BasePath, request: IncomingMessage): string {
  entered.set(request, base)
  request.url = base.strip(request.url ?? '/')
  return request.url
}

/** The base path that a request came in below. */
export function baseOf(request: IncomingMessage): BasePath {
  return entered.get(request) ?? atRoot
}
