import type { Entry } from '@cygnet/contract/v1/files'
import type { Tree } from './tree.ts'

/** What can be done with an entry in a dialog. */
export type Ask =
  | { kind: 'rename'; entry: Entry }
  | { kind: 'move'; entries: Entry[] }
  | { kind: 'delete'; entries: Entry[] }
  | { kind: 'share'; entry: Entry }
  | { kind: 'new-folder'; folder: Entry }

/** Opens a dialog; `origin` is where the focus goes back to. */
export type AskFor = (ask: Ask, origin?: HTMLElement | null) => void

export function canShare(tree: Tree, entry: Entry): boolean {
  return tree.place.kind === 'home' && entry.path !== ''
}

/** The root of a tree is neither renamed nor deleted: what is shared belongs to someone else. */
export function canChange(tree: Tree, entry: Entry): boolean {
  return tree.place.kind !== 'link' && entry.writable && entry.path !== ''
}
