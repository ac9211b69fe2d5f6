import { createSecret } from '@cygnet/core/ids'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createHash } from 'node:crypto'
import type { BasePath } from './base-path.ts'
import { readCookies, sessionCookie, toCookie, toRemovedCookie, xsrfCookie } from './cookies.ts'
import type { Origins } from './origin.ts'

/** The two cookies of a browser: the one that signs in, and the one that its pages prove themselves with. */
export interface BrowserCookies {
  /** Gives the browser a token for its pages where it has none. @returns the token */
  ensureXsrf(request: FastifyRequest, reply: FastifyReply): string
  /** Signs the browser in. Its token changes too: whoever knew the one from before knows nothing now. */
  signIn(request: FastifyRequest, reply: FastifyReply, secret: string): void
  signOut(request: FastifyRequest, reply: FastifyReply): void
}

/** Both are for the base path and below: neither for the rest of the host, nor lost on the way to a part of the service. */
export function createBrowserCookies(origins: Origins, base: BasePath): BrowserCookies {
  const { path } = base
  // Below a path browsers send the cookies of a service at `/` too. Its token would do until that service changes it.
  const mark = path === '/' ? '' : `${createHash('sha256').update(path).digest('base64url').slice(0, 8)}.`

  function toXsrf(secure: boolean): { token: string; cookie: string } {
    const token = mark + createSecret()
    return { token, cookie: toCookie(xsrfCookie, token, { secure, httpOnly: false, path }) }
  }

  return {
    ensureXsrf(request, reply) {
      const known = readCookies(request.headers.cookie, xsrfCookie)
      const own = known.find((token) => token.startsWith(mark) && /^[\w|:%.=-]{16,512}$/.test(token))
      if (own !== undefined) return own
      const { token, cookie } = toXsrf(origins.isSecure(request.raw))
      void reply.header('set-cookie', cookie)
      return token
    },
    signIn(request, reply, secret) {
      const secure = origins.isSecure(request.raw)
      void reply.header('set-cookie', [
        toCookie(sessionCookie, secret, { secure, httpOnly: true, path }),
        toXsrf(secure).cookie,
      ])
    },
    signOut(request, reply) {
      const secure = origins.isSecure(request.raw)
      void reply.header('set-cookie', [
        toRemovedCookie(sessionCookie, { secure, httpOnly: true, path }),
        toRemovedCookie(xsrfCookie, { secure, httpOnly: false, path }),
      ])
    },
  }
}
