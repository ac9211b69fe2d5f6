import { join } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { HubIdentity } from '../app.ts'
import { createRoot } from '../contents/root.ts'
import { registerLabApi } from './api-routes.ts'
import { createLabBundle } from './bundle.ts'
import { renderPage } from './page.ts'
import { toPageConfig, type PageView } from './page-config.ts'
import { sendAsset } from './send-asset.ts'

export interface LabParts {
  basePath: string
  root: string
  /** The bundle's folder; without it there are no pages. */
  lab?: string | undefined
  assets: string
  jupyterFolder: string
  hub?: HubIdentity | undefined
  browserToken?: string | undefined
  logger: Logger
}

type WildcardRequest = FastifyRequest<{ Params: { '*': string } }>

/** JupyterLab's pages, its files and what else a browser asks for. */
export function registerLab(app: FastifyInstance, parts: LabParts): void {
  const { basePath } = parts
  registerRedirects(app, parts)

  registerPictures(app, parts)
  if (parts.lab === undefined) return
  const bundle = createLabBundle(parts.lab)
  registerLabApi(app, bundle, join(parts.jupyterFolder, 'lab'))

  app.route({
    method: ['GET', 'HEAD'],
    url: '/static/lab/*',
    handler: async (request, reply) => sendAsset(request, reply, await bundle.files('static'), pathOf(request)),
  })

  async function sendPage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [path = '', query] = request.url.split('?')
    if (path.endsWith('/'))
      return reply.redirect(`${basePath}${path.slice(1, -1)}${query === undefined ? '' : `?${query}`}`)
    const manifest = await bundle.manifest()
    const config = toPageConfig({ ...parts, labVersion: manifest.version }, toView(path, basePath))
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', `frame-ancestors 'self'; report-uri ${basePath}api/security/csp-report`)
      .header('cache-control', parts.browserToken === undefined ? 'no-cache' : 'no-store')
      .send(renderPage(basePath, manifest, config))
  }
  for (const url of ['/lab', '/lab/*', '/doc', '/doc/*']) app.get(url, sendPage)
}

/** The swan for browsers' tabs: JupyterLab asks for one of a busy kernel, and for one of each kind of document. */
function registerPictures(app: FastifyInstance, parts: LabParts): void {
  const assets = createRoot(parts.assets)
  assets.catch((error: unknown) => parts.logger.error({ err: error }, 'The folder of pictures cannot be read.'))

  for (const url of ['/favicon.ico', '/static/favicon.ico', '/static/favicons/:name', '/logo']) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler: async (request, reply) => {
        const { name } = request.params as { name?: string }
        if (name !== undefined && !/^favicon[\w-]*\.ico$/.test(name)) {
          throw new CygnetError('not-found', `There is no such icon: ${name.slice(0, 100)}.`)
        }
        const icon = name?.startsWith('favicon-busy') ? 'favicon-busy.ico' : 'favicon.ico'
        return sendAsset(request, reply, await assets, url === '/logo' ? 'logo.svg' : icon)
      },
    })
  }
}

/**
 * What the address of a page asks for, without a slash at its end.
 * @throws CygnetError `not-found` for what no page can be
 */
export function toView(path: string, basePath: string): PageView {
  const [, mode, workspace, tree] = /^\/(lab|doc)(?:\/workspaces\/([\w-]+))?(?:\/tree(?:\/(.+))?)?$/s.exec(path) ?? []
  const view: PageView = {
    mode: mode === 'doc' ? 'single-document' : 'multiple-document',
    workspace: workspace ?? 'default',
    treePath: decodePath(tree ?? ''),
  }
  if (mode !== undefined) return view
  if (/^\/lab\/(?:api|extensions)\//.test(path)) {
    throw new CygnetError('not-found', `There is nothing at ${path.slice(0, 300)}.`)
  }
  return { ...view, notFoundUrl: basePath + path.slice(1) }
}

function registerRedirects(app: FastifyInstance, { basePath, hub }: LabParts): void {
  app.get('/', (_request, reply) => reply.redirect(`${basePath}lab`))
  for (const old of ['/tree', '/notebooks', '/edit']) {
    app.get(old, (_request, reply) => reply.redirect(`${basePath}lab`))
    app.get(`${old}/*`, (request, reply) => {
      const path = request.url.split('?')[0] ?? ''
      return reply.redirect(`${basePath}lab/tree/${path.slice(old.length + 1)}`)
    })
  }
  app.get('/login', (_request, reply) => reply.redirect(`${basePath}lab`))
  app.get('/logout', (_request, reply) =>
    reply.redirect(hub === undefined ? `${basePath}lab` : `${hub.host}${hub.basePath}hub/logout`),
  )
}

function pathOf(request: FastifyRequest): string {
  return (request as WildcardRequest).params['*']
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
