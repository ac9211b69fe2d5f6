import { useLayoutEffect, useState, type RefObject } from 'react'

const overscan = 10
/** So few rows are simply all there, so that the browser's own search finds them. */
const allBelow = 150

export interface RowRange {
  first: number
  /** Exclusive. */
  end: number
}

/** Which rows of a long list in the page are in sight, a few more on both sides. */
export function useVisibleRows(list: RefObject<HTMLElement | null>, rows: number, height: number): RowRange {
  const [range, setRange] = useState<RowRange>({ first: 0, end: Math.min(rows, allBelow) })
  useLayoutEffect(() => {
    if (rows <= allBelow) {
      setRange({ first: 0, end: rows })
      return undefined
    }
    const look = () => {
      const top = list.current?.getBoundingClientRect().top ?? 0
      const first = Math.max(0, Math.floor(-top / height) - overscan)
      const end = Math.min(rows, Math.ceil((innerHeight - top) / height) + overscan)
      setRange((before) => (before.first === first && before.end === end ? before : { first, end }))
    }
    look()
    addEventListener('scroll', look, { passive: true })
    addEventListener('resize', look)
    return () => {
      removeEventListener('scroll', look)
      removeEventListener('resize', look)
    }
  }, [list, rows, height])
  return { first: Math.min(range.first, rows), end: Math.min(range.end, rows) }
}
