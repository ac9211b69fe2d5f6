/** `user/ada`, `/user/ada` and `/user/ada/` all become `/user/ada/`; nothing becomes `/`. */
export function normalizeBasePath(path: string): string {
  const components = path.split('/').filter((component) => component !== '')
  return components.length === 0 ? '/' : `/${components.join('/')}/`
}

/**
 * The request's target below the base path, beginning with `/`; undefined where it lies elsewhere. The base path may come
 * percent-encoded, as browsers do with some characters of user names. What follows is left as it is.
 */
export function stripBasePath(url: string, basePath: string): string | undefined {
  if (url.startsWith(basePath)) return url.slice(basePath.length - 1)
  const query = url.search(/[?#]/)
  const path = query < 0 ? url : url.slice(0, query)
  const rest = query < 0 ? '' : url.slice(query)
  const wanted = basePath.split('/').slice(1, -1)
  const found = path.split('/').slice(1)
  if (!wanted.every((component, index) => decoded(found[index]) === component)) return undefined
  return `/${found.slice(wanted.length).join('/')}${rest}`
}

function decoded(component: string | undefined): string | undefined {
  try {
    return component === undefined ? undefined : decodeURIComponent(component)
  } catch {
    return undefined
  }
}
