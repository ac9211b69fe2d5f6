/** A part of a document that is read by itself. Where it is `code` or `html`, nothing has to be looked for in it. */
export interface Piece {
  kind: 'prose' | 'code' | 'html'
  text: string
  /** Characters of the source that it stands for: the repeated head of a table is not among them. */
  size: number
}

/**
 * Characters. For some documents the parser of Markdown takes the square of a text's length and more; in pieces of this
 * length the whole takes no more than a multiple of its own.
 */
export const longestPiece = 8_000

/** A table that is divided has its head in each of its parts, unless that would be most of them. */
const longestHead = 1_000
const fenceBegins = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/
const htmlBegins = /^ {0,3}<[a-z/!?]/i
const itemBegins = /^(?:[-*+]|\d{1,9}[.)])\s|^>/
const tableRule = /^ {0,3}\|?[ :|-]*-[ :|-]*$/

/**
 * Divides a Markdown document where little is torn: between blocks, else before an item of a list or a row of a table,
 * else before a line, and within a line only where it is longer than a piece. A fenced block and a block of HTML stay
 * whole, however long.
 */
export function* divideMarkdown(source: string): Generator<Piece> {
  let prose = ''
  for (const block of blocksOf(source)) {
    if (prose !== '' && prose.length + block.text.length > longestPiece) {
      yield toPiece('prose', prose)
      prose = ''
    }
    if (block.text.length <= longestPiece) prose += block.text
    else if (block.kind === 'prose') yield* divideBlock(block.text)
    else yield block
  }
  if (prose !== '') yield toPiece('prose', prose)
}

function toPiece(kind: Piece['kind'], text: string): Piece {
  return { kind, text, size: text.length }
}

/** The text as lists and paragraphs that belong together, fenced blocks, and blocks of HTML. */
function* blocksOf(source: string): Generator<Piece> {
  let start = 0
  let kind: Piece['kind'] = 'prose'
  let fence = ''
  let afterEmpty = true
  for (const { from, end } of linesOf(source, 0)) {
    // What a line is stands at its beginning.
    const line = source.slice(from, Math.min(end, from + longestPiece)).trimEnd()
    const before = kind
    if (kind === 'prose') {
      fence = fenceBegins.exec(line)?.[1] ?? ''
      if (fence !== '') kind = 'code'
      else if (afterEmpty && htmlBegins.test(line)) kind = 'html'
      const begins = kind !== before || (afterEmpty && /^\S/.test(line) && !itemBegins.test(line))
      if (begins && from > start) {
        yield toPiece('prose', source.slice(start, from))
        start = from
      }
    } else if (kind === 'code' ? endsFence(line, fence) : line === '') {
      yield toPiece(kind, source.slice(start, end))
      start = end
      kind = 'prose'
    }
    afterEmpty = line === '' || (before !== 'prose' && kind === 'prose')
  }
  if (start < source.length) yield toPiece(kind, source.slice(start))
}

function endsFence(line: string, fence: string): boolean {
  const mark = line.trimStart()
  return mark.startsWith(fence) && mark === (fence[0] ?? '').repeat(mark.length)
}

function* divideBlock(block: string): Generator<Piece> {
  const head = tableHead(block)
  const room = longestPiece - head.length
  let start = 0
  let item = 0
  const upTo = (end: number): Piece => {
    const part = block.slice(start, end)
    const text = start === 0 ? part : head + part
    start = end
    return { kind: 'prose', text, size: part.length }
  }
  for (const { from, end } of linesOf(block, 0)) {
    if (end - start > room && from > start) yield upTo(item > start ? item : from)
    for (let left = end - start; left > room; left -= room) yield upTo(start + room)
    if (itemBegins.test(block.slice(from, from + 12))) item = from
  }
  if (start < block.length) yield upTo(block.length)
}

/** The names of the columns and the rule below them, or nothing. */
function tableHead(block: string): string {
  const [first, second] = linesOf(block.slice(0, longestHead), 0)
  if (first === undefined || second === undefined) return ''
  const rule = block.slice(second.from, second.end)
  return rule.includes('|') && rule.endsWith('\n') && tableRule.test(rule.trimEnd()) ? block.slice(0, second.end) : ''
}

function* linesOf(text: string, start: number): Generator<{ from: number; end: number }> {
  for (let from = start; from < text.length;) {
    const feed = text.indexOf('\n', from)
    const end = feed < 0 ? text.length : feed + 1
    yield { from, end }
    from = end
  }
}
