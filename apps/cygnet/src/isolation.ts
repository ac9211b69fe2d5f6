import type { IsolationGap } from '@cygnet/spawners/spawner'

/** Promises of isolation that are not kept, as lines for the operator; none where all are. */
export function describeIsolation(gaps: IsolationGap[]): string[] {
  if (gaps.length === 0) return []
  const all = gaps.flatMap(({ message, mend }) => ['', ...wrap(message, '  * ', '    '), ...wrapMend(mend)])
  return ['', 'On this machine, not all is there that keeps the users’ servers apart:', ...all, '']
}

function wrapMend(mend: string | undefined): string[] {
  return mend === undefined ? [] : wrap(mend, '    To mend it: ', '    ')
}

function wrap(text: string, first: string, rest: string, width = 100): string[] {
  const lines: string[] = []
  let line = first.trimEnd()
  for (const word of text.split(' ')) {
    const longer = `${line} ${word}`
    if (longer.length > width && line.trim() !== '') {
      lines.push(line)
      line = `${rest}${word}`
    } else line = longer
  }
  return [...lines, line]
}
