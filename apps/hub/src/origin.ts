import type { IncomingMessage } from 'node:http'

export interface OriginOptions {
  /** The address people use, where a proxy stands before the service. */
  publicUrl?: string | undefined
  /** Believe that proxy's X-Forwarded headers. */
  trustProxy: boolean
}

/** Where a request comes from, by headers that no page can forge: `unknown` where no browser's are there. */
export type Source = 'same-origin' | 'elsewhere' | 'unknown'

export interface Origins {
  sourceOf(request: IncomingMessage): Source
  /** Whether the browser speaks https to the service, so that cookies can be kept to it. */
  isSecure(request: IncomingMessage): boolean
  /** The caller's address, to count failures by. */
  addressOf(request: IncomingMessage): string
}

export function createOrigins({ publicUrl, trustProxy }: OriginOptions): Origins {
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin

  return {
    sourceOf(request) {
      const { origin, referer } = request.headers
      if (origin !== undefined) return isOwn(request, origin) ? 'same-origin' : 'elsewhere'
      const site = request.headers['sec-fetch-site']
      // `none` is a person's own doing: an address typed, a bookmark.
      if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'same-origin' : 'elsewhere'
      if (referer !== undefined && !isOwn(request, originOf(referer))) return 'elsewhere'
      return 'unknown'
    },
    isSecure(request) {
      return publicOrigin === undefined ? schemeOf(request) === 'https' : publicOrigin.startsWith('https:')
    },
    addressOf(request) {
      // Each proxy adds whom it heard from at the end; only the last entry is our own proxy's.
      const forwarded = trustProxy ? header(request, 'x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
      return forwarded ?? request.socket.remoteAddress ?? ''
    },
  }

  /** Compared in full and as text: what is malformed equals nothing. */
  function isOwn(request: IncomingMessage, origin: string): boolean {
    if (origin === publicOrigin) return true
    const host = (trustProxy ? header(request, 'x-forwarded-host') : undefined) ?? request.headers.host
    return host !== undefined && origin.toLowerCase() === `${schemeOf(request)}://${host}`.toLowerCase()
  }

  function schemeOf(request: IncomingMessage): string {
    return trustProxy && header(request, 'x-forwarded-proto') === 'https' ? 'https' : 'http'
  }
}

/** What a proxy before the service would say; from now on nobody hears it of this request. */
export function forgetForwarded({ headers }: IncomingMessage): void {
  for (const name of Object.keys(headers))
    if (name.startsWith('x-forwarded-') || name === 'forwarded') Reflect.deleteProperty(headers, name)
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

function originOf(url: string): string {
  return URL.parse(url)?.origin ?? 'null'
}
