/** The last output of a terminal, for a client that joins later. */
export interface Scrollback {
  push(text: string): void
  /** Begins with a whole line where something was dropped before: not in the middle of an escape sequence. */
  read(): string
}

export function createScrollback(characters: number): Scrollback {
  let chunks: string[] = []
  let size = 0
  let isCut = false
  return {
    push(text) {
      chunks.push(text)
      size += text.length
      // Joined now and then instead of at each chunk: a terminal that is read fast has thousands of small ones.
      if (size < 2 * characters) return
      chunks = [chunks.join('').slice(-characters)]
      size = characters
      isCut = true
    },
    read() {
      const all = chunks.join('')
      const text = all.slice(-characters)
      if (!isCut && text.length === all.length) return text
      return text.slice(text.indexOf('\n') + 1)
    },
  }
}
