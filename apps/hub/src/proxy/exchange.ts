import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { CygnetError } from '@cygnet/core/errors'
import {
  bodyOf,
  takesTrailers,
  toRequestHead,
  toTrailers,
  type ForwardOptions,
  type RequestBody,
} from './request-fields.ts'
import { toResponseFields } from './response-fields.ts'
import type { UpstreamConnection, ResponseSink } from './upstream/connection.ts'
import type { UpstreamPool } from './upstream/pool.ts'
import { MalformedResponse, type ResponseHead } from './upstream/response-head.ts'

/** Where one request goes and what it takes along. */
export interface Destination {
  pool: UpstreamPool
  /** Path and query, without the hub's credentials. */
  target: string
  /** Of the session, as browsers see it: `/user/<name>/` below the service's base path. */
  basePath: string
  authorization: string
  /** Whether a browser may show what comes back only as a page of nobody. */
  isSandboxed: boolean
  /** Given for an upgrade to a WebSocket: takes over once the server switched. A refusal is passed on like any response. */
  onUpgrade?: ((head: ResponseHead, socket: Socket, rest: Buffer) => void) | undefined
}

/** Called where the server gave no answer that could be passed on; nothing has been sent to the client then. */
export type Unanswered = (error: CygnetError) => void

const maxStringBytes = 8192

/** Methods that may be sent again when nobody knows whether they arrived (RFC 9110, 9.2.2). */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Forwards one request and its response, both ways as a stream: no more is held in memory than the buffers of the two
 * sockets. The end of either side releases the other.
 */
export class Exchange implements ResponseSink {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #destination: Destination
  readonly #options: ForwardOptions
  readonly #unanswered: Unanswered
  readonly #body: RequestBody
  readonly #canRepeat: boolean
  #connection: UpstreamConnection | undefined
  #trailers = false
  #flushed = false
  #isWaiting = false
  #isSent: boolean
  #isDone = false
  readonly onUpgrade?: (head: ResponseHead, socket: Socket, rest: Buffer) => void

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    destination: Destination,
    options: ForwardOptions,
    unanswered: Unanswered,
  ) {
    this.#request = request
    this.#response = response
    this.#destination = destination
    this.#options = options
    this.#unanswered = unanswered
    // Whatever follows an upgrade's head is no body of it: a length there would only confuse who reads next.
    this.#body = destination.onUpgrade === undefined ? bodyOf(request) : 'none'
    this.#isSent = this.#body === 'none'
    this.#canRepeat = this.#isSent && repeatable.has(request.method ?? '') && destination.onUpgrade === undefined
    const { onUpgrade } = destination
    if (onUpgrade !== undefined)
      this.onUpgrade = (head, socket, rest) => {
        this.#isDone = true
        onUpgrade(head, socket, rest)
      }
  }

  start(): void {
    this.#response.on('close', () => this.#clientGone())
    const { pool, onUpgrade } = this.#destination
    if (!this.#send(onUpgrade === undefined ? pool.take(!this.#canRepeat) : pool.open()) || this.#isSent) return
    const request = this.#request
    request.on('data', (piece: Buffer) => this.#sendPiece(piece))
    request.on('end', () => this.#sendEnd())
    // What follows an error is the response's 'close'.
    request.on('error', () => undefined)
  }

  onInformation(head: ResponseHead): void {
    // 100 was answered by the hub itself; a client of HTTP/1.0 knows none of these.
    if (head.status === 100 || this.#request.httpVersionMinor === 0 || this.#response.headersSent) return
    const { socket } = this.#response
    // Behind an answer that is not out yet, node would keep it in memory, and it would come too late to be of use.
    if (this.#isDone || socket === null) return
    try {
      this.#response.writeInformation(head.status, this.#passable(head.fields))
    } catch (cause) {
      this.#giveUp(malformed(cause))
      return
    }
    // Node tells nobody whether there was room, and of this writing the response has no 'drain'.
    if (socket.writableNeedDrain) this.#waitForClient(socket)
  }

  onHead(head: ResponseHead): void {
    this.#trailers =
      head.framing.kind === 'chunked' && this.#request.httpVersionMinor === 1 && takesTrailers(this.#request)
    try {
      this.#response.writeHead(head.status, head.message, this.#passable(head.fields))
    } catch (cause) {
      this.#giveUp(malformed(cause))
    }
  }

  onData(piece: Buffer, isLast: boolean): void {
    if (this.#isDone) return
    this.#flushed = true
    if (isLast) {
      this.#finish()
      // As a string it leaves in one write with the head; what is longer is not worth the copy.
      if (piece.length <= maxStringBytes) this.#response.end(piece.toString('latin1'), 'latin1')
      else this.#response.end(piece)
    } else if (!this.#response.write(piece)) this.#waitForClient(this.#response)
  }

  onQuiet(): void {
    if (this.#flushed || this.#isDone) return
    this.#flushed = true
    this.#response.flushHeaders()
  }

  onEnd(trailers: string[]): void {
    if (this.#isDone) return
    this.#finish()
    if (this.#trailers && trailers.length > 0 && !this.#addTrailers(trailers)) this.#response.destroy()
    else this.#response.end()
  }

  onDrain(): void {
    this.#request.resume()
  }

  onFailure(error: Error): void {
    if (this.#isDone) return
    const isStale = (this.#connection?.uses ?? 0) > 1 && !(error instanceof MalformedResponse)
    if (this.#response.headersSent) {
      this.#isDone = true
      this.#response.destroy()
    } else if (isStale && this.#canRepeat) this.#send(this.#destination.pool.open())
    else this.#giveUp(error instanceof MalformedResponse ? malformed(error) : unreachable(error))
  }

  #send(connection: UpstreamConnection | undefined): boolean {
    this.#connection = connection
    if (connection === undefined) {
      this.#giveUp(
        new CygnetError('unavailable', 'The server has too many requests to answer at once.', { retryAfter: 5 }),
      )
      return false
    }
    const { target, authorization } = this.#destination
    const head = toRequestHead(this.#request, target, authorization, this.#connectionFields(), this.#options)
    connection.send(this.#request.method ?? 'GET', head, this.#body !== 'none', this)
    return true
  }

  #connectionFields(): string {
    if (this.onUpgrade !== undefined) return 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
    const te = takesTrailers(this.#request) ? 'Connection: TE\r\nTE: trailers\r\n' : 'Connection: keep-alive\r\n'
    if (this.#body === 'none') return te
    if (this.#body === 'chunked') return `${te}Transfer-Encoding: chunked\r\n`
    return `${te}Content-Length: ${this.#request.headers['content-length']}\r\n`
  }

  #sendPiece(piece: Buffer): void {
    const connection = this.#connection
    if (connection === undefined || this.#isDone) return
    let hasRoom: boolean
    if (this.#body === 'chunked') {
      connection.socket.cork()
      connection.write(`${piece.length.toString(16)}\r\n`)
      connection.write(piece)
      hasRoom = connection.write('\r\n')
      connection.socket.uncork()
    } else hasRoom = connection.write(piece)
    if (!hasRoom) this.#request.pause()
  }

  #sendEnd(): void {
    const connection = this.#connection
    if (connection === undefined || this.#isDone) return
    this.#isSent = true
    if (this.#body === 'chunked') connection.write(`0\r\n${toTrailers(this.#request.rawTrailers)}\r\n`)
    connection.finish()
  }

  #waitForClient(client: Writable): void {
    this.#connection?.pause()
    if (this.#isWaiting) return
    this.#isWaiting = true
    client.once('drain', () => {
      this.#isWaiting = false
      if (!this.#isDone) this.#connection?.resume()
    })
  }

  /** The response is complete. Where the request is not, the connection is of no more use and the rest is read away. */
  #finish(): void {
    this.#isDone = true
    if (this.#isSent) return
    this.#connection?.destroy()
    this.#request.resume()
  }

  #clientGone(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#connection?.destroy()
  }

  #giveUp(error: CygnetError): void {
    this.#isDone = true
    this.#connection?.destroy()
    this.#request.resume()
    this.#unanswered(error)
  }

  #addTrailers(trailers: string[]): boolean {
    const pairs: Array<[string, string]> = []
    for (let index = 0; index < trailers.length; index += 2)
      pairs.push([trailers[index] ?? '', trailers[index + 1] ?? ''])
    try {
      this.#response.addTrailers(pairs)
      return true
    } catch {
      return false
    }
  }

  #passable(fields: string[]): string[] {
    const { basePath, isSandboxed } = this.#destination
    const passed = toResponseFields(fields, basePath, this.#options.hubCookies, this.#trailers)
    return isSandboxed ? [...passed, 'content-security-policy', 'sandbox'] : passed
  }
}

function unreachable(cause: Error): CygnetError {
  return new CygnetError('unavailable', 'Your server does not answer.', {
    cause,
    retryAfter: 1,
    mend: 'Try again in a moment; if it stays like this, stop the server and start it again.',
  })
}

function malformed(cause: unknown): CygnetError {
  return new CygnetError('unavailable', 'Your server answered with something that is no HTTP response.', {
    cause,
    mend: 'If it stays like this, stop the server and start it again.',
  })
}
