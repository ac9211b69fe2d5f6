import { CygnetError } from '@cygnet/core/errors'
import { toFileBytes, toOneName } from '@cygnet/core/file-name'

/** A file name's limit on every file system in use, in bytes. */
const longestName = 255

/**
 * Splits an API path (`a/b.txt`, already percent-decoded, relative to the served folder) into its components. In API paths and in
 * those of the host alike, bytes that are no UTF-8 are escaped as `toFileName` does it; only what calls the system has bytes.
 * @throws CygnetError `not-found` for `..` and NUL, `bad-request` for a name that no file system takes
 */
export function parsePath(path: string): string[] {
  const components = path.split('/').filter((component) => component !== '' && component !== '.')
  for (const component of components) {
    if (component === '..') {
      throw new CygnetError('not-found', `${shown(path)} is outside the served folder: a path takes no "..".`)
    }
    if (component.includes('\0')) throw new CygnetError('not-found', 'A path takes no NUL character.')
    if (!component.isWellFormed()) throw new CygnetError('not-found', 'A path takes no half of a character.')
    const bytes = toFileBytes(component).length
    if (bytes > longestName) {
      throw new CygnetError('bad-request', `The name ${shown(component)} is too long: it has ${bytes} bytes.`, {
        mend: `Use a name of at most ${longestName} bytes.`,
      })
    }
  }
  return components.map(toOneName)
}

/** The API path of components, without a slash at either end. */
export function joinPath(components: string[]): string {
  return components.join('/')
}

/** A path as it is put in a message: quoted, and cut where it is long. */
export function shown(path: string): string {
  return path.length > 200 ? `"${path.slice(0, 200)}…"` : `"${path}"`
}
