/** A run of text of one look. Colours are 0-15 of the terminal's palette, or `r,g,b`. */
export interface Run {
  text: string
  foreground?: number | string
  background?: number | string
  bold?: boolean
  faint?: boolean
  italic?: boolean
  underline?: boolean
}

type Look = Omit<Run, 'text'>

// CSI sequences, OSC sequences (titles, links) and two-character escapes.
// oxlint-disable-next-line no-control-regex -- these are the characters a terminal is steered with
const sequence = /\u001b(?:\[([\d;:]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g

/** What a terminal shows for a program's output: colours, and lines written over by carriage returns. */
export function parseAnsi(text: string): Run[] {
  const runs: Run[] = []
  let look: Look = {}
  let end = 0
  const source = overwriteLines(text)
  const push = (part: string) => {
    if (part !== '') runs.push({ text: part, ...look })
  }
  for (const found of source.matchAll(sequence)) {
    push(source.slice(end, found.index))
    end = found.index + found[0].length
    if (found[2] === 'm') look = applyCodes(look, found[1] ?? '')
  }
  push(source.slice(end))
  return runs
}

/** Progress bars return to the start of their line and write it anew; backspaces take a character back. */
function overwriteLines(text: string): string {
  if (!/[\r\b]/.test(text)) return text
  return (
    text
      // Looked for at the first of them only: a run of returns would be read again from each.
      .replace(/(?<!\r)\r+\n/g, '\n')
      .split('\n')
      .map((line) => {
        const rewritten = line.includes('\r') ? lastWritten(line.split('\r')) : line
        return rewritten.includes('\b') ? takeBack(rewritten) : rewritten
      })
      .join('\n')
  )
}

/** The last part, with what those before had beyond it. Colours are left out of the count. */
function lastWritten(parts: string[]): string {
  let line = ''
  for (const part of parts.toReversed()) {
    if (part === '') continue
    if (part.includes('\u001b')) return line === '' ? part : line
    line += part.slice(line.length)
  }
  return line
}

function takeBack(line: string): string {
  const characters: string[] = []
  for (const character of line)
    if (character === '\b') characters.pop()
    else characters.push(character)
  return characters.join('')
}

function applyCodes(before: Look, text: string): Look {
  const look = { ...before }
  const codes = text.split(/[;:]/).map(Number)
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0
    if (code === 0) for (const key of Object.keys(look) as Array<keyof Look>) delete look[key]
    else if (code === 1) look.bold = true
    else if (code === 2) look.faint = true
    else if (code === 3) look.italic = true
    else if (code === 4) look.underline = true
    else if (code === 22) {
      delete look.bold
      delete look.faint
    } else if (code === 23) delete look.italic
    else if (code === 24) delete look.underline
    else if (code >= 30 && code <= 37) look.foreground = code - 30
    else if (code >= 90 && code <= 97) look.foreground = code - 82
    else if (code >= 40 && code <= 47) look.background = code - 40
    else if (code >= 100 && code <= 107) look.background = code - 92
    else if (code === 39) delete look.foreground
    else if (code === 49) delete look.background
    else if (code === 7) swap(look)
    else if (code === 38 || code === 48) {
      const { colour, taken } = readColour(codes.slice(at + 1, at + 5))
      at += taken
      if (colour !== undefined) look[code === 38 ? 'foreground' : 'background'] = colour
    }
  }
  return look
}

function swap(look: Look): void {
  const { foreground = 0, background = 7 } = look
  look.foreground = background
  look.background = foreground
}

/** `5;n` of the 256 colours, or `2;r;g;b`. */
function readColour([kind, first = 0, second = 0, third = 0]: number[]): { colour?: number | string; taken: number } {
  if (kind === 2) return { colour: [first, second, third].map((part) => part & 255).join(','), taken: 4 }
  if (kind !== 5) return { taken: 0 }
  if (first < 16) return { colour: first, taken: 2 }
  if (first >= 232) {
    const grey = 8 + (first - 232) * 10
    return { colour: `${grey},${grey},${grey}`, taken: 2 }
  }
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40)
  const cube = first - 16
  return { colour: [cube / 36, (cube / 6) % 6, cube % 6].map((each) => level(Math.floor(each))).join(','), taken: 2 }
}
