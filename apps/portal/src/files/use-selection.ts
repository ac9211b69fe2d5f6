import type { Entry } from '@cygnet/contract/v1/files'
import { useCallback, useMemo, useState } from 'react'

export interface Selection {
  paths: ReadonlySet<string>
  /** The selected entries that are still there, in their order. */
  entries: Entry[]
  toggle: (path: string) => void
  /** Selects all entries from the last one toggled to this one. */
  extend: (path: string) => void
  set: (paths: Iterable<string>) => void
  clear: () => void
}

export function useSelection(entries: readonly Entry[]): Selection {
  const [paths, setPaths] = useState<ReadonlySet<string>>(() => new Set())
  const [last, setLast] = useState<string>()
  const chosen = useMemo(() => entries.filter(({ path }) => paths.has(path)), [entries, paths])
  const toggle = useCallback((path: string) => {
    setLast(path)
    setPaths((before) => {
      const after = new Set(before)
      if (!after.delete(path)) after.add(path)
      return after
    })
  }, [])
  const extend = (path: string) => {
    const from = entries.findIndex((entry) => entry.path === last)
    const to = entries.findIndex((entry) => entry.path === path)
    if (from < 0 || to < 0) return toggle(path)
    const between = entries.slice(Math.min(from, to), Math.max(from, to) + 1)
    setPaths((before) => new Set([...before, ...between.map((entry) => entry.path)]))
  }
  const set = useCallback((wanted: Iterable<string>) => setPaths(new Set(wanted)), [])
  const clear = useCallback(() => setPaths(new Set()), [])
  return { paths, entries: chosen, toggle, extend, set, clear }
}
