import { CygnetError } from '@cygnet/core/errors'
import { toFileBytes, toOneName } from '@cygnet/core/file-name'

/** The most that file systems take for one name, in bytes. */
const nameBytes = 255
/** Names one below the other in what is made or shared here; whoever opens what is deeper goes through all of them. */
const deepest = 128

/**
 * Splits a path relative to a tree's root into its components, byte for byte: NFC and NFD stay apart. Empty is the root.
 * Bytes that are no UTF-8 are escaped in it, as `toFileName` does it.
 * @throws CygnetError `bad-request` for `.`, `..`, an empty component, NUL, broken Unicode or a name of more than 255 bytes
 */
export function parsePath(path: string): string[] {
  if (path === '') return []
  return path.split('/').map(parseName)
}

/** Checks one name, and writes it as `toFileName` does: whoever compares names compares texts. @throws CygnetError as {@link parsePath} */
export function parseName(name: string): string {
  if (name === '') {
    throw new CygnetError('bad-request', 'The path has an empty name in it.', {
      mend: 'Write names with one / between them and none at the beginning or end.',
    })
  }
  if (name === '.' || name === '..') {
    throw new CygnetError('bad-request', `The path has “${name}” in it.`, {
      mend: 'Name files and folders from the top of the tree, without . and ..',
    })
  }
  if (name.includes('\0')) throw new CygnetError('bad-request', 'A name cannot contain a NUL character.')
  if (name.includes('/')) throw new CygnetError('bad-request', `The name “${shorten(name)}” has a / in it.`)
  if (!name.isWellFormed()) throw new CygnetError('bad-request', 'A name is no valid Unicode.')
  const bytes = toFileBytes(name).length
  if (bytes > nameBytes) {
    throw new CygnetError('bad-request', `The name “${shorten(name)}” has ${bytes} bytes.`, {
      mend: `Use a name of at most ${nameBytes} bytes.`,
    })
  }
  return toOneName(name)
}

/** For what is to be made or shared. @throws CygnetError `bad-request` for one that lies too deep */
export function checkDepth(path: readonly string[]): void {
  if (path.length <= deepest) return
  throw new CygnetError('bad-request', `“${shorten(joinPath(path))}” lies ${path.length} folders deep.`, {
    mend: `Use at most ${deepest} folders one in another.`,
  })
}

export function joinPath(components: readonly string[]): string {
  return components.join('/')
}

/** True for `folder` itself and everything below it. */
export function isWithin(folder: readonly string[], path: readonly string[]): boolean {
  return folder.length <= path.length && folder.every((name, index) => path[index] === name)
}

/** For messages: at most 60 characters of it. */
export function shorten(text: string): string {
  // Cut after a character, not within a surrogate pair.
  return text.length <= 60 ? text : `${text.slice(0, 59).replace(/[\ud800-\udbff]$/, '')}…`
}
