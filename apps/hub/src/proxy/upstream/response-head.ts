/** The status line and header fields of a response, and how its body is framed. */
export interface ResponseHead {
  status: number
  message: string
  /** Name, value, name, value, … as sent. */
  fields: string[]
  framing: Framing
  /** Whether the connection may serve another request after this response. */
  persistent: boolean
  /** Seconds for which the server says it keeps an idle connection, where it says so. */
  keepAliveSeconds: number | null
}

/** Where the body ends: after so many bytes, with the last chunk, with the connection; or there is none. */
export type Framing = { kind: 'none' } | { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'close' }

/** The server sent something that is no HTTP/1.1 response, or one whose framing is ambiguous. */
export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse'
}

/**
 * Reads a response's head (RFC 9112, sections 4 to 6), without the empty line that ends it.
 * What could be read in two ways is refused: two lengths, a length beside a transfer coding, an unknown coding.
 *
 * @param text - decoded as latin1
 * @param method - of the request: a response to HEAD has no body whatever its fields say
 * @throws MalformedResponse
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  const lines = text.split('\r\n')
  const statusLine = lines[0] ?? ''
  const match = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(statusLine)
  if (match === null) throw new MalformedResponse(`The status line ${JSON.stringify(statusLine.slice(0, 80))} is none.`)
  const status = Number(match[2])
  const fields: string[] = []
  let length: string | undefined
  let coding: string | undefined
  let connection = ''
  let keepAlive: string | undefined
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? ''
    const colon = line.indexOf(':')
    if (colon < 1) throw new MalformedResponse(`The header line ${JSON.stringify(line.slice(0, 80))} has no name.`)
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    fields.push(name, value)
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== undefined && length !== value) throw new MalformedResponse('The response has two lengths.')
        length = value
        break
      case 'transfer-encoding':
        if (coding !== undefined) throw new MalformedResponse('The response has two transfer codings.')
        coding = value.toLowerCase()
        break
      case 'connection':
        connection += `,${value.toLowerCase()}`
        break
      case 'keep-alive':
        keepAlive = value
        break
    }
  }
  const framing = toFraming(status, method, length, coding)
  return {
    status,
    message: match[3] ?? '',
    fields,
    framing,
    persistent: framing.kind !== 'close' && isPersistent(match[1] === '1', connection),
    keepAliveSeconds: toSeconds(keepAlive),
  }
}

function toFraming(status: number, method: string, length: string | undefined, coding: string | undefined): Framing {
  if (length !== undefined && coding !== undefined)
    throw new MalformedResponse('The response has a length and a transfer coding.')
  if (coding !== undefined && coding !== 'chunked')
    throw new MalformedResponse(`The transfer coding ${JSON.stringify(coding.slice(0, 80))} is unknown.`)
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    throw new MalformedResponse(`The length ${JSON.stringify(length.slice(0, 80))} is no number.`)
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'none' }
  if (coding !== undefined) return { kind: 'chunked' }
  if (length === undefined) return { kind: 'close' }
  return length === '0' ? { kind: 'none' } : { kind: 'length', bytes: Number(length) }
}

function isPersistent(isVersion11: boolean, connection: string): boolean {
  if (connection === '') return isVersion11
  const options = connection.split(',').map((option) => option.trim())
  if (options.includes('close')) return false
  return isVersion11 || options.includes('keep-alive')
}

function toSeconds(keepAlive: string | undefined): number | null {
  if (keepAlive === undefined) return null
  const match = /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(keepAlive)
  return match === null ? null : Number(match[1])
}
