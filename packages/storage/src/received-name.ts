import { toFileBytes } from '@cygnet/core/file-name'

const nameBytes = 255

/** An escaped byte is one too. */
const characters = /\u201b[89A-F][0-9A-F]|./gsu

/** Names for something received, without end: `data`, `data (ann)`, `data (ann 2)`, … cut to what a file name may have. */
export function* createFolderNames(name: string, owner: string): Generator<string> {
  yield name
  yield withEnding(name, ` (${owner})`)
  for (let count = 2; ; count++) yield withEnding(name, ` (${owner} ${count})`)
}

function withEnding(name: string, ending: string): string {
  const room = nameBytes - Buffer.byteLength(ending)
  let kept = ''
  let bytes = 0
  for (const [character] of name.matchAll(characters)) {
    bytes += toFileBytes(character).length
    if (bytes > room) break
    kept += character
  }
  return kept + ending
}
