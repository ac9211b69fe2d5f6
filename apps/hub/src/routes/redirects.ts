import type { FastifyInstance } from 'fastify'

/** JupyterHub's addresses that people and programs know, and where what they mean is here. */
const redirects: Array<[from: string, to: string]> = [
  ['/hub', '/'],
  ['/hub/home', '/'],
  ['/hub/token', '/account'],
  ['/login', '/hub/login'],
  ['/logout', '/hub/logout'],
  ['/user', '/'],
]

export function mountRedirects(app: FastifyInstance): void {
  for (const [from, to] of redirects)
    app.get(from, { config: { access: 'page' } }, (_request, reply) => reply.redirect(to))
}
