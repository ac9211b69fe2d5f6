/** Where the service lies on its host, with a slash at either end, as the service wrote it into the page. */
export const basePath =
  document.querySelector<HTMLMetaElement>('meta[name="cygnet-base-path"]')?.content.replace(/\/*$/, '/') ?? '/'

/** The address of a path of the service, such as `/hub/login`. */
export function toAddress(path: string): string {
  return basePath + path.slice(1)
}
