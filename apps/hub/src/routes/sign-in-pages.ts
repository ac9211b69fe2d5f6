import type { Auth } from '@cygnet/auth/auth'
import { statusOf, toCygnetError, CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BasePath } from '../base-path.ts'
import type { BrowserCookies } from '../browser-cookies.ts'
import { readCookies, sessionCookie, xsrfCookie } from '../cookies.ts'
import type { Gate } from '../gate.ts'
import type { Origins } from '../origin.ts'
import { pageHeaders } from '../pages/layout.ts'
import { toSignInPage } from '../pages/sign-in.ts'
import { toSignOutPage } from '../pages/sign-out.ts'
import { readBody } from '../read-body.ts'
import { readQuery } from '../request-target.ts'
import { toSafeNext } from '../safe-next.ts'

const longestForm = 16 * 1024
const config = { access: 'page' } as const

export interface SignInPagesDeps {
  auth: Auth
  base: BasePath
  gate: Gate
  origins: Origins
  cookies: BrowserCookies
  log: Logger
}

/** Sign-in, sign-out and the first administrator's link: pages and forms that need no script. */
export function mountSignInPages(app: FastifyInstance, deps: SignInPagesDeps): void {
  const { auth, base, gate, origins, cookies, log } = deps
  const nextOf = (request: FastifyRequest): string => toSafeNext(base, readQuery(request.raw.url ?? '', 'next'))

  app.get('/hub/login', { config }, async (request, reply) => {
    const next = nextOf(request)
    if (request.principal !== null) return reply.redirect(next)
    return reply.headers(pageHeaders).send(toSignInPage(base, { xsrf: cookies.ensureXsrf(request, reply), next }))
  })

  app.post('/hub/login', { config }, async (request, reply) => {
    const form = await readForm(request, reply)
    const name = (form.get('username') ?? '').slice(0, 300)
    try {
      requireOwn(request, form.get(xsrfCookie))
      await signIn(request, reply, { name, password: form.get('password') ?? '' })
    } catch (thrown) {
      const error = toCygnetError(thrown)
      if (error.code === 'internal') throw error
      const xsrf = cookies.ensureXsrf(request, reply)
      const problem = { message: error.message, mend: error.mend }
      if (error.retryAfter !== undefined) void reply.header('retry-after', error.retryAfter)
      const page = toSignInPage(base, { xsrf, next: nextOf(request), name, problem })
      return reply.code(statusOf(error.code)).headers(pageHeaders).send(page)
    }
    return reply.redirect(nextOf(request))
  })

  app.get('/hub/first', { config, exposeHeadRoute: false }, async (request, reply) => {
    // A browser that fetches ahead of its user would use the link up.
    if (/prefetch|prerender/.test(String(request.headers['sec-purpose'] ?? '')))
      throw new CygnetError('unavailable', 'This link is opened by a person only.')
    const user = await auth.firstLinks.take(readQuery(request.raw.url ?? '', 'token') ?? '')
    if (user === undefined)
      throw new CygnetError('gone', 'This link was used already, or a newer one took its place.', {
        mend: 'Sign in, start the service again for a new link, or set a password with: npx cygnet user passwd admin',
      })
    await startSession(request, reply, await auth.sessions.create(user))
    log.info({ user: user.name }, 'The first administrator signed in by their link.')
    return reply.header('referrer-policy', 'no-referrer').redirect('/')
  })

  app.get('/hub/logout', { config }, async (request, reply) => {
    const { principal } = request
    if (principal === null) return reply.redirect('/hub/login')
    const xsrf = cookies.ensureXsrf(request, reply)
    return reply.headers(pageHeaders).send(toSignOutPage(base, { xsrf, name: principal.user.name }))
  })

  app.post('/hub/logout', { config }, async (request, reply) => {
    const header = request.headers['x-xsrftoken']
    if (typeof header === 'string') requireOwn(request, header)
    else requireOwn(request, (await readForm(request, reply)).get(xsrfCookie))
    for (const secret of readCookies(request.headers.cookie, sessionCookie)) await auth.sessions.endSecret(secret)
    cookies.signOut(request, reply)
    return request.headers.accept?.includes('json') === true ? reply.code(204).send() : reply.redirect('/hub/login')
  })

  async function signIn(request: FastifyRequest, reply: FastifyReply, credentials: { name: string; password: string }) {
    const place = origins.addressOf(request.raw)
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const user = await auth.signIn(credentials, place, gone.signal)
    if (user === null) {
      // The name stays out of the log: people type their password there.
      log.info({ place }, 'A sign-in failed.')
      throw new CygnetError('forbidden', 'Name or password is wrong.')
    }
    await startSession(request, reply, await auth.sessions.create(user))
    log.info({ user: user.name, place }, 'A user signed in.')
  }

  /** The session that the browser had before ends: it was another sign-in, or someone planted it. */
  async function startSession(request: FastifyRequest, reply: FastifyReply, secret: string): Promise<void> {
    for (const before of readCookies(request.headers.cookie, sessionCookie)) await auth.sessions.endSecret(before)
    cookies.signIn(request, reply, secret)
  }

  function requireOwn(request: FastifyRequest, token: string | null): void {
    if (gate.isOwnForm(request.raw, token)) return
    throw new CygnetError('forbidden', 'The form was not sent by this page, or the page was too old.', {
      mend: 'Please try again; cookies have to be allowed.',
    })
  }
}

async function readForm(request: FastifyRequest, reply: FastifyReply): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(type))
    throw new CygnetError('bad-request', 'The body must be a form.', {
      mend: 'Send it as application/x-www-form-urlencoded.',
    })
  if (request.headers.expect !== undefined) reply.raw.writeContinue()
  return new URLSearchParams(await readBody(request.raw, longestForm))
}
