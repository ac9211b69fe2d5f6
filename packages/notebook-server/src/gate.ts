import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface GateOptions {
  /** SHA-256 of the secret, in hex. */
  secretSha256: string
  /**
   * Stand-alone only: a browser that came with the secret in its address gets a cookie that lets it read (pages, scripts, images). To change
   * anything it must send the secret, so that no other site can act for it.
   */
  readingCookie: boolean
}

/** Decides on every request and upgrade before anything else looks at it. */
export interface Gate {
  admits(request: IncomingMessage): boolean
  /** The value for `Set-Cookie`, where this request earned one. */
  cookieFor(request: IncomingMessage): string | undefined
}

/** @throws TypeError where the hash is no SHA-256 in hex */
export function createGate(options: GateOptions): Gate {
  if (!/^[0-9a-f]{64}$/i.test(options.secretSha256)) {
    throw new TypeError('The secret’s SHA-256 must be given as 64 hexadecimal digits.')
  }
  const expected = Buffer.from(options.secretSha256, 'hex')
  const cookieValue = createHmac('sha256', expected).update('reading').digest('hex')
  const cookieName = `cygnet-notebook-${cookieValue.slice(0, 8)}`

  function isSecret(secret: string): boolean {
    return timingSafeEqual(createHash('sha256').update(secret).digest(), expected)
  }

  function hasCookie(request: IncomingMessage): boolean {
    const pair = (request.headers.cookie ?? '').split(';').find((one) => one.trim().startsWith(`${cookieName}=`))
    const value = Buffer.from(pair?.trim().slice(cookieName.length + 1) ?? '')
    return value.length === cookieValue.length && timingSafeEqual(value, Buffer.from(cookieValue))
  }

  return {
    admits(request) {
      const secret = secretOf(request)
      if (secret !== undefined) return isSecret(secret)
      const reads = (request.method === 'GET' || request.method === 'HEAD') && request.headers.upgrade === undefined
      return options.readingCookie && reads && hasCookie(request)
    },
    cookieFor(request) {
      const earned = options.readingCookie && queryToken(request) !== undefined && !hasCookie(request)
      return earned ? `${cookieName}=${cookieValue}; Path=/; HttpOnly; SameSite=Strict` : undefined
    },
  }
}

/** `Authorization: token S` or `Bearer S`, or `?token=S` as browsers must send it for WebSockets. */
function secretOf(request: IncomingMessage): string | undefined {
  const header = /^(?:token|bearer)\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')
  return header?.[1] ?? queryToken(request)
}

function queryToken(request: IncomingMessage): string | undefined {
  const url = request.url ?? ''
  const query = url.indexOf('?')
  if (query < 0) return undefined
  return new URLSearchParams(url.slice(query + 1)).get('token') ?? undefined
}
