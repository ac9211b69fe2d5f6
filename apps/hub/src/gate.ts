import type { Identities, Identity } from '@cygnet/auth/identities'
import { CygnetError } from '@cygnet/core/errors'
import { sameSecret } from '@cygnet/core/ids'
import type { IncomingMessage } from 'node:http'
import { readCookies, sessionCookie, xsrfCookie } from './cookies.ts'
import type { Origins } from './origin.ts'
import { localAdministrator, type AccountPrincipal, type Principal } from './principal.ts'
import { isUserPath, readQuery, takeToken } from './request-target.ts'

/** The one place that finds out who asks, for requests and upgrades alike, before anything is routed. */
export interface Gate {
  /** From now on this request is the local administrator's: it came in through a door only they can open. */
  admitLocal(request: IncomingMessage): void
  /**
   * Who asks; null for nobody. A `token` in the query of a path below `/user/` is taken out of `request.url`.
   * @throws CygnetError `forbidden` for a signed-in browser that another site, or a page without our token, sends
   */
  authenticate(request: IncomingMessage, kind?: 'request' | 'upgrade'): Promise<Principal | null>
  /** Whether a form of our own pages was sent: its field is the cookie's value, and no other site sent it. */
  isOwnForm(request: IncomingMessage, field: string | null): boolean
}

export interface GateOptions {
  identities: Identities
  origins: Origins
}

export function createGate({ identities, origins }: GateOptions): Gate {
  const local = new WeakSet<IncomingMessage>()

  return {
    admitLocal(request) {
      local.add(request)
    },
    async authenticate(request, kind = 'request') {
      const principal = await find(request, kind)
      if (principal?.kind === 'user' && isAct(request)) identities.active(principal.user.id)
      return principal
    },
    isOwnForm(request, field) {
      return origins.sourceOf(request) !== 'elsewhere' && fitsCookie(request, field ?? undefined)
    },
  }

  async function find(request: IncomingMessage, kind: 'request' | 'upgrade'): Promise<Principal | null> {
    if (local.has(request)) return localAdministrator
    const header = readAuthorization(request.headers.authorization)
    // Who shows a token means it: a wrong one is nobody, whatever cookies come along.
    if (header !== undefined) return toPrincipal(await identities.identify('token', header))
    return (await fromAddress(request)) ?? (await fromCookie(request, kind))
  }

  /**
   * A token in the address is for programs. A link can bring a signed-in browser to a stranger's server with the stranger's
   * token, and what that server answers would be a page of this origin: it must not count where a browser shows or runs the
   * answer, nor for a browser in which somebody else is signed in.
   */
  async function fromAddress(request: IncomingMessage): Promise<AccountPrincipal | null> {
    const url = request.url ?? ''
    const found = isUserPath(url) ? takeToken(url) : undefined
    if (found === undefined) return null
    const identity = await identities.identify('token', found.token)
    if (identity === null) return null
    request.url = found.without
    if (isShown(request)) return null
    const signedIn = await fromSessionCookies(request)
    if (signedIn !== null && signedIn.user.id !== identity.user.id) return null
    return { kind: 'user', ...identity, isInAddress: true }
  }

  async function fromCookie(request: IncomingMessage, kind: 'request' | 'upgrade'): Promise<AccountPrincipal | null> {
    const principal = await fromSessionCookies(request)
    if (principal === null) return null
    const isElsewhere = origins.sourceOf(request) === 'elsewhere'
    if (kind === 'upgrade') {
      if (isElsewhere) throw new CygnetError('forbidden', 'Another site may not open this connection.')
      return principal
    }
    if (request.method === 'GET' || request.method === 'HEAD') {
      // What another site embeds or fetches is read by nobody; where a link leads is read by whoever follows it.
      return isElsewhere && !isNavigation(request) ? null : principal
    }
    if (isElsewhere) throw new CygnetError('forbidden', 'Another site may not do this for you.')
    const header = request.headers['x-xsrftoken']
    const token = typeof header === 'string' ? header : readQuery(request.url ?? '', xsrfCookie)
    if (!fitsCookie(request, token))
      throw new CygnetError('forbidden', 'The request does not prove that it comes from the service’s own pages.', {
        mend: `Send the value of the cookie ${xsrfCookie} as X-XSRFToken; in a browser, load the page again.`,
      })
    return principal
  }

  /** A page of a user's server can set a cookie of this name for its path, and must not sign its user out by it. */
  async function fromSessionCookies(request: IncomingMessage): Promise<AccountPrincipal | null> {
    for (const secret of readCookies(request.headers.cookie, sessionCookie).slice(0, 3)) {
      const principal = toPrincipal(await identities.identify('cookie', secret))
      if (principal !== null) return principal
    }
    return null
  }
}

/** The token of `Authorization: token X` or `bearer X`. */
function readAuthorization(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^(?:token|bearer) +(\S+)\s*$/i.exec(header)?.[1]
}

/** Whether a browser says that it will show or run the answer, rather than hand it to a script. */
function isShown({ headers }: IncomingMessage): boolean {
  const destination = headers['sec-fetch-dest']
  return destination !== undefined && destination !== 'empty' && destination !== 'websocket'
}

/** Whether somebody does something, rather than a page or a program that looks how things are. Of a server it tells itself. */
function isAct({ method = 'GET', url = '/', headers }: IncomingMessage): boolean {
  const isReading = ['GET', 'HEAD', 'OPTIONS'].includes(method)
  return !isUserPath(url) && (!isReading || headers['sec-fetch-mode'] === 'navigate')
}

function isNavigation({ headers }: IncomingMessage): boolean {
  return (
    headers.origin === undefined &&
    headers['sec-fetch-mode'] === 'navigate' &&
    (headers['sec-fetch-dest'] ?? 'document') === 'document'
  )
}

function fitsCookie(request: IncomingMessage, token: string | undefined): boolean {
  const cookies = readCookies(request.headers.cookie, xsrfCookie)
  return token !== undefined && token !== '' && cookies.some((cookie) => sameSecret(cookie, token))
}

function toPrincipal(identity: Identity | null): AccountPrincipal | null {
  return identity === null ? null : { kind: 'user', ...identity }
}
