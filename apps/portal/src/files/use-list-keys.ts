import type { Entry } from '@cygnet/contract/v1/files'
import { useEffect, useRef, useState, type FocusEvent, type KeyboardEvent, type RefObject } from 'react'
import { canChange, type AskFor } from './actions.ts'
import { enterFromList, takeEntered } from './entered-from-list.ts'
import type { Tree } from './tree.ts'
import type { Selection } from './use-selection.ts'

interface Options {
  rows: RefObject<HTMLElement | null>
  entries: Entry[]
  height: number
  selection: Selection
  selectable: boolean
  tree: Tree
  askFor: AskFor
}

/**
 * The keys of a file list: arrows, Home, End, PageUp, PageDown and the first letters of a name go to a row, left and
 * right to its controls; Space selects, F2 renames, Delete deletes, Control-A selects all, Escape nothing.
 */
export function useListKeys(options: Options) {
  const { rows, entries, height, selection, selectable, tree, askFor } = options
  const [wanted, setActive] = useState(0)
  const active = Math.min(wanted, Math.max(0, entries.length - 1))
  const toFocus = useRef(false)
  const typed = useRef({ text: '', at: 0 })

  useEffect(() => {
    if (!toFocus.current) return
    toFocus.current = false
    focusName(rows.current, active)
  })

  useEffect(() => {
    if (takeEntered()) focusName(rows.current, 0)
  }, [rows])

  const goTo = (index: number) => {
    const target = Math.max(0, Math.min(entries.length - 1, index))
    scrollToRow(rows.current, target, height)
    toFocus.current = true
    setActive(target)
    // Where the row is the active one already, nothing renders anew.
    if (target === active) focusName(rows.current, target)
  }

  const page = Math.max(1, Math.floor((globalThis.innerHeight * 0.8) / height))
  const moves: Record<string, number> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    Home: 0,
    End: entries.length - 1,
    PageDown: active + page,
    PageUp: active - page,
  }

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const inRow = event.target instanceof HTMLElement && event.target.closest('[data-row]') !== null
    const entry = entries[active]
    if (!inRow || entry === undefined || event.altKey || event.defaultPrevented) return
    const onName = event.target instanceof HTMLElement && event.target.hasAttribute('data-name')
    const targets = () => (selection.entries.length > 0 ? selection.entries : [entry])
    const control = event.ctrlKey || event.metaKey
    // The link does the rest.
    if (event.key === 'Enter' && onName && !control && entry.kind === 'folder') enterFromList()
    const move = moves[event.key]
    if (move !== undefined && !control) goTo(move)
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft')
      stepInRow(event.target, event.key === 'ArrowRight' ? 1 : -1)
    else if (control && event.key.toLowerCase() === 'a' && selectable)
      selection.set(entries.filter((each) => canChange(tree, each)).map(({ path }) => path))
    else if (control) return
    else if (event.key === 'Escape' && selection.entries.length > 0) selection.clear()
    else if (event.key === ' ' && onName && !continues(' ') && selectable && canChange(tree, entry))
      selection.toggle(entry.path)
    else if (event.key === 'F2' && canChange(tree, entry)) askFor({ kind: 'rename', entry })
    else if (event.key === 'Delete' && targets().every((each) => canChange(tree, each)))
      askFor({ kind: 'delete', entries: targets() })
    else if (onName && event.key.length === 1 && (event.key !== ' ' || continues(' '))) typeAhead(event.key)
    else return
    event.preventDefault()
    // Whatever else is pressed, the next letter is the first of a name again.
    if (event.key.length > 1) typed.current.text = ''
  }

  const typedBefore = () => (performance.now() - typed.current.at < 1_000 ? typed.current.text : '')
  const find = (text: string, start: number) =>
    [...entries.slice(start), ...entries.slice(0, start)].find(({ name }) => name.toLocaleLowerCase().startsWith(text))

  /** Whether a space belongs to a name that is being typed, and does not select. */
  const continues = (key: string) => typedBefore() !== '' && find(typedBefore() + key, 0) !== undefined

  const typeAhead = (key: string) => {
    const text = typedBefore() + key.toLocaleLowerCase()
    typed.current = { text, at: performance.now() }
    // A first letter looks further on; more letters may still fit the row one is in.
    const found = find(text, text.length === 1 ? active + 1 : active)
    if (found !== undefined) goTo(entries.indexOf(found))
  }

  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const row = event.target.closest<HTMLElement>('[data-row]')?.dataset['row']
    if (row !== undefined) setActive(Number(row))
  }

  return { active, onKeyDown, onFocus }
}

function focusName(rows: HTMLElement | null, index: number): void {
  rows?.querySelector<HTMLElement>(`[data-row="${index}"] [data-name]`)?.focus({ preventScroll: true })
}

function scrollToRow(rows: HTMLElement | null, index: number, height: number): void {
  if (rows === null) return
  const top = rows.getBoundingClientRect().top + index * height
  const margin = 8
  if (top < margin) scrollBy({ top: top - margin - height })
  else if (top + height > innerHeight - margin) scrollBy({ top: top + height - innerHeight + margin })
}

function stepInRow(from: EventTarget, step: number): void {
  if (!(from instanceof HTMLElement)) return
  const controls = [...(from.closest('[data-row]')?.querySelectorAll<HTMLElement>('a, button, input') ?? [])]
  controls[controls.indexOf(from) + step]?.focus()
}
