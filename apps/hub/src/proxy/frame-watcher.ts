/**
 * Follows the frames of one direction of a WebSocket (RFC 6455, 5.2) without taking them apart: `onMessage` is called for
 * each buffer that holds the beginning of a text, binary or continuation frame. Pings, pongs and closes are no message.
 */
export function createFrameWatcher(onMessage: () => void): (data: Buffer) => void {
  /** Bytes of the payload that are still to be passed over. */
  let payload = 0
  let header: number[] = []
  return (data) => {
    let sawMessage = false
    let at = 0
    while (at < data.length) {
      if (payload > 0) {
        const skipped = Math.min(payload, data.length - at)
        payload -= skipped
        at += skipped
        continue
      }
      header.push(data[at] ?? 0)
      at++
      if (header.length < headerLength(header)) continue
      if (((header[0] ?? 0) & 0x0f) < 8) sawMessage = true
      payload = payloadLength(header)
      header = []
    }
    if (sawMessage) onMessage()
  }
}

function headerLength(header: number[]): number {
  const second = header[1]
  if (second === undefined) return 2
  const length = second & 0x7f
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4)
}

function payloadLength(header: number[]): number {
  const length = (header[1] ?? 0) & 0x7f
  if (length < 126) return length
  return header.slice(2, length === 126 ? 4 : 10).reduce((sum, byte) => sum * 256 + byte, 0)
}
