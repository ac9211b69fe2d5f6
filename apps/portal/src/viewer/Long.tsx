import { Button } from '@mantine/core'
import { useMemo, useState, type ReactNode } from 'react'
import { count, formatSize } from '../ui/format.ts'

interface Props {
  text: string
  /** Characters and lines that are shown at first; each click shows ten times as much. */
  first?: number
  lines?: number
  children: (text: string) => ReactNode
}

/** The beginning of a text that may be giant, and more of it on demand. */
export function Long({ text, first = 40_000, lines = Infinity, children }: Props) {
  const [times, setTimes] = useState(1)
  const shown = useMemo(() => cutAtLine(cutAfterLines(text, lines * times), first * times), [text, first, lines, times])
  const left = text.length - shown.length
  return (
    <>
      {children(shown)}
      {left > 0 ? (
        <p className="long">
          <span className="muted small">
            {formatSize(left)} more, {count(countLines(text, shown.length), 'line')}.
          </span>
          <Button size="compact-sm" variant="default" onClick={() => setTimes(times * 10)}>
            Show more
          </Button>
        </p>
      ) : null}
    </>
  )
}

/** Not in the middle of a line, unless the line itself is giant. */
function cutAtLine(text: string, limit: number): string {
  if (text.length <= limit) return text
  const end = text.lastIndexOf('\n', limit)
  return text.slice(0, end > limit / 2 ? end + 1 : limit)
}

function cutAfterLines(text: string, lines: number): string {
  let end = -1
  for (let line = 0; line < lines; line++) {
    end = text.indexOf('\n', end + 1)
    if (end < 0) return text
  }
  return text.slice(0, end + 1)
}

function countLines(text: string, from: number): number {
  let lines = 1
  for (let at = text.indexOf('\n', from); at >= 0 && at < text.length - 1; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
