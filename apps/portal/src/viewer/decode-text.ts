/** Bytes as text: UTF-8, UTF-16 with its mark, else Windows-1252. Undefined for what is no text. */
export function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (isBinary(bytes)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** Whether the beginning of a file of an unknown kind may be shown as text. */
export function looksLikeText(beginning: Uint8Array): boolean {
  if (beginning.length === 0 || (beginning[0] === 0xff && beginning[1] === 0xfe)) return true
  if (isBinary(beginning)) return false
  try {
    // The last character may be cut in two.
    new TextDecoder('utf-8', { fatal: true }).decode(beginning, { stream: true })
    return true
  } catch {
    return false
  }
}

/** No text has a zero byte, nor many control characters. */
function isBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 8192)
  let controls = 0
  for (const byte of sample) {
    if (byte === 0) return true
    if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) controls++
  }
  return controls > sample.length / 20
}
