import { Lexer, Tokenizer, type MarkedOptions, type Token, type Tokens, type TokensList } from 'marked'
import type { Allowance } from './allowance.ts'
import { divideMarkdown, type Piece } from './divide-markdown.ts'

/** Lists, quotes and emphasis within one another; what lies deeper is plain text. */
const deepest = 40

/** Characters that are read as Markdown. A browser shows more than that only slowly, however simple it is. */
const mostRead = 400_000

/** A row is filled up to the table's width: a wide head over many short rows would be a giant table. */
const mostCells = 20_000

/**
 * Reads Markdown in a time that grows with its length and not with its square, whatever it is: in pieces, to a certain
 * depth, and on an allowance of time. What it does not get to stays plain text.
 */
export class BoundedLexer extends Lexer {
  /** The end of the document that was not read, as it is written. */
  rest = ''
  /** Whether text before the rest was left as it is. */
  hurried = false
  readonly #allowance: Allowance
  #depth = 0

  constructor(options: MarkedOptions, allowance: Allowance) {
    super({ ...options, tokenizer: new BoundedTokenizer() })
    this.#allowance = allowance
  }

  override lex(source: string) {
    const text = source.replace(/\r\n?/g, '\n')
    let read = 0
    for (const piece of divideMarkdown(text)) {
      if (read + piece.text.length > mostRead || this.#allowance.isSpent()) {
        this.rest = text.slice(read)
        break
      }
      this.#readPiece(piece)
      read += piece.size
    }
    for (const { src, tokens } of this.inlineQueue) {
      this.state.inRawBlock = false
      this.inlineTokens(src, tokens)
    }
    this.inlineQueue = []
    return this.tokens
  }

  override blockTokens(source: string, tokens?: Token[], lastParagraphClipped?: boolean): Token[]
  override blockTokens(source: string, tokens?: TokensList, lastParagraphClipped?: boolean): TokensList
  override blockTokens(source: string, tokens: Token[] = [], lastParagraphClipped = false): Token[] {
    if (this.#mayGoOn()) return this.#deeper(() => super.blockTokens(source, tokens, lastParagraphClipped))
    if (source.trim() !== '') tokens.push({ type: 'paragraph', raw: source, text: source, tokens: [plain(source)] })
    return tokens
  }

  override inlineTokens(source: string, tokens: Token[] = []) {
    if (this.#mayGoOn()) return this.#deeper(() => super.inlineTokens(source, tokens))
    if (source !== '') tokens.push(plain(source))
    return tokens
  }

  #readPiece({ kind, text }: Piece): void {
    if (kind === 'prose') this.blockTokens(text, this.tokens)
    else if (kind === 'html') this.tokens.push({ type: 'html', block: true, raw: text, text, pre: false })
    else this.tokens.push(toCode(text))
  }

  #mayGoOn(): boolean {
    if (this.#depth < deepest && !this.#allowance.isSpent()) return true
    this.hurried ||= this.#allowance.isSpent()
    return false
  }

  #deeper<T>(read: () => T): T {
    this.#depth++
    try {
      return read()
    } finally {
      this.#depth--
    }
  }
}

class BoundedTokenizer extends Tokenizer {
  override table(source: string): Tokens.Table | undefined {
    const feed = source.indexOf('\n')
    if (feed < 0) return undefined
    const columns = source.slice(0, feed).split('|').length
    const end = source.indexOf('\n\n')
    const rows = source.slice(0, end < 0 ? source.length : end).split('\n').length
    return columns * rows > mostCells ? undefined : super.table(source)
  }
}

function plain(text: string): Tokens.Text {
  return { type: 'text', raw: text, text, escaped: false }
}

function toCode(raw: string): Tokens.Code {
  const [first = ''] = raw.slice(0, 1_000).split('\n', 1)
  const mark = /^ {0,3}(`+|~+)/.exec(first)
  const body = raw.slice(first.length + 1)
  const end = body.trimEnd().lastIndexOf('\n') + 1
  const closed = body
    .slice(end)
    .trim()
    .startsWith(mark?.[1] ?? '`')
  const text = (closed ? body.slice(0, end) : body).replace(/\n$/, '')
  return { type: 'code', raw, lang: first.slice(mark?.[0].length ?? 0).trim(), text }
}
