import { createSecret } from '@cygnet/core/ids'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readCookie, sessionCookie, toCookie, toRemovedCookie, xsrfCookie } from './cookies.ts'
import type { Origins } from './origin.ts'

/** The two cookies of a browser: the one that signs in, and the one that its pages prove themselves with. */
export interface BrowserCookies {
  /** Gives the browser a token for its pages where it has none. @returns the token */
  ensureXsrf(request: FastifyRequest, reply: FastifyReply): string
  /** Signs the browser in. Its token changes too: whoever knew the one from before knows nothing now. */
  signIn(request: FastifyRequest, reply: FastifyReply, secret: string): void
  signOut(request: FastifyRequest, reply: FastifyReply): void
}

export function createBrowserCookies(origins: Origins): BrowserCookies {
  return {
    ensureXsrf(request, reply) {
      const known = readCookie(request.headers.cookie, xsrfCookie)
      if (known !== undefined && /^[\w|:%.=-]{16,512}$/.test(known)) return known
      const token = createSecret()
      const secure = origins.isSecure(request.raw)
      void reply.header('set-cookie', toCookie(xsrfCookie, token, { secure, httpOnly: false }))
      return token
    },
    signIn(request, reply, secret) {
      const secure = origins.isSecure(request.raw)
      void reply.header('set-cookie', [
        toCookie(sessionCookie, secret, { secure, httpOnly: true }),
        toCookie(xsrfCookie, createSecret(), { secure, httpOnly: false }),
      ])
    },
    signOut(request, reply) {
      const secure = origins.isSecure(request.raw)
      void reply.header('set-cookie', [
        toRemovedCookie(sessionCookie, { secure, httpOnly: true }),
        toRemovedCookie(xsrfCookie, { secure, httpOnly: false }),
      ])
    },
  }
}
