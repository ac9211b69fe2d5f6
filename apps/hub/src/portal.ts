import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { join } from 'node:path'
import type { BasePath } from './base-path.ts'
import type { BrowserCookies } from './browser-cookies.ts'
import { toSignInPath } from './pages/sign-in-path.ts'
import { isKnown } from './files/conditions.ts'
import { readPortalPage } from './portal-page.ts'
import { sendStaticFile } from './static-file.ts'

/** Paths at which the portal's one page stands; it does the rest in the browser. */
const pages = ['/', '/start', '/files', '/files/*', '/shared', '/shared/*', '/gallery', '/account']
const publicPages = ['/s/*']

const portalHeaders = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // Its components and the plots of notebooks carry inline styles.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "frame-src 'self' blob:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'same-origin',
}

export interface PortalDeps {
  base: BasePath
  /** The built portal, with index.html, assets/, theme/ and pdf/; before it is built, a folder with theme/. */
  portalDir: string
  cookies: BrowserCookies
}

/** Serves the portal: its page at all of its paths after sign-in, those of links without, and its files to everybody. */
export function mountPortal(app: FastifyInstance, { base, portalDir, cookies }: PortalDeps): void {
  for (const url of pages)
    app.get(url, { config: { access: 'page' } }, async (request, reply) => {
      if (request.principal === null) return reply.redirect(toSignInPath(base, request.raw.url ?? '/'))
      return sendPortal(request, reply)
    })
  for (const url of publicPages) app.get(url, { config: { access: 'page' } }, sendPortal)

  const folders = [
    { name: 'assets', immutable: true },
    { name: 'theme', immutable: false },
    { name: 'pdf', immutable: false },
  ]
  for (const { name, immutable } of folders)
    app.get<{ Params: { '*': string } }>(`/${name}/*`, { config: { access: 'page' } }, (request, reply) =>
      sendStaticFile(request, reply, { root: join(portalDir, name), path: request.params['*'], immutable }),
    )
  for (const url of ['/favicon.svg', '/favicon.ico'])
    app.get(url, { config: { access: 'page' } }, (request, reply) =>
      sendStaticFile(request, reply, { root: portalDir, path: 'favicon.svg' }),
    )
  app.get('/robots.txt', { config: { access: 'page' } }, (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('User-agent: *\nDisallow: /\n'),
  )

  async function sendPortal(request: FastifyRequest, reply: FastifyReply) {
    const { html, etag } = await readPortalPage(portalDir, base)
    cookies.ensureXsrf(request, reply)
    void reply.headers({ ...portalHeaders, etag })
    if (isKnown(request.headers, etag)) return reply.code(304).send()
    return reply.type('text/html; charset=utf-8').send(html)
  }
}
