import type { FastifyInstance, FastifyRequest } from 'fastify'
import { join } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { attachment } from '../files/routes.ts'
import { readBody, readJsonObject } from '../http/read-body.ts'
import { guessType } from '../http/mime-type.ts'
import type { LabBundle } from './bundle.ts'
import { toLicenses } from './licenses.ts'
import { createSchemaStore } from './schemas.ts'
import { sendAsset } from './send-asset.ts'
import { createSettingsStore } from './settings.ts'
import { createWorkspaceStore } from './workspaces.ts'

const json = 'application/json; charset=utf-8'

/** `/lab/api/...` as JupyterLab's server answers it. @param folder - of the person's settings and workspaces */
export function registerLabApi(app: FastifyInstance, bundle: LabBundle, folder: string): void {
  registerSettings(app, bundle, join(folder, 'user-settings'))
  registerWorkspaces(app, join(folder, 'workspaces'))

  app.route({
    method: ['GET', 'HEAD'],
    url: '/lab/api/themes/*',
    handler: async (request, reply) => {
      const themes = await bundle.files('themes')
      const path = wildcard(request)
      if (!path.endsWith('.css')) return sendAsset(request, reply, themes, path)
      const file = await themes.openFile(path)
      try {
        return reply.type(`${guessType(path) ?? 'text/css'}; charset=utf-8`).send(await file.readFile('utf8'))
      } finally {
        await file.close()
      }
    },
  })

  for (const url of ['/lab/api/translations', '/lab/api/translations/']) {
    app.get(url, () => ({ data: { en: { displayName: 'English', nativeName: 'English' } }, message: '' }))
  }
  app.get<{ Params: { locale: string } }>('/lab/api/translations/:locale', (request) => {
    const { locale } = request.params
    const isSpoken = locale === 'default' || /^en\b/.test(locale)
    return { data: {}, message: isSpoken ? '' : `Language pack '${locale.slice(0, 50)}' not installed!` }
  })

  app.get('/lab/api/listings/@jupyterlab/extensionmanager-extension/listings.json', () => ({
    blocked_extensions_uris: [],
    allowed_extensions_uris: [],
    blocked_extensions: [],
    allowed_extensions: [],
  }))

  for (const url of ['/lab/api/licenses', '/lab/api/licenses/']) {
    app.get<{ Querystring: Record<string, string> }>(url, async (request, reply) => {
      const { format = 'json', full_text: fullText = '1', download } = request.query
      const answer = await toLicenses(bundle, format, fullText !== '0')
      if (download !== undefined && download !== '0') {
        reply.header('content-disposition', attachment(`jupyterlab-licenses.${answer.extension}`))
      }
      return reply.type(answer.type).send(answer.text)
    })
  }
}

function registerSettings(app: FastifyInstance, bundle: LabBundle, folder: string): void {
  const settings = createSettingsStore(folder, createSchemaStore(bundle))

  for (const url of ['/lab/api/settings', '/lab/api/settings/']) {
    app.get<{ Querystring: { ids_only?: string } }>(url, async (request, reply) => {
      const text =
        request.query.ids_only === 'true'
          ? JSON.stringify({ settings: (await settings.ids()).map((id) => ({ id })) })
          : await settings.all()
      return reply.type(json).send(text)
    })
  }
  app.get('/lab/api/settings/*', async (request, reply) => reply.type(json).send(await settings.one(wildcard(request))))
  app.put('/lab/api/settings/*', async (request, reply) => {
    const { raw } = (await readJsonObject(request.raw, 4 * 1024 * 1024)) ?? {}
    if (typeof raw !== 'string') {
      throw new CygnetError('bad-request', `Invalid format for JSON payload. Must be in the form {"raw": "..."}.`)
    }
    await settings.save(wildcard(request), raw)
    return reply.code(204).send()
  })
}

function registerWorkspaces(app: FastifyInstance, folder: string): void {
  const workspaces = createWorkspaceStore(folder)

  for (const url of ['/lab/api/workspaces', '/lab/api/workspaces/']) {
    app.get(url, async () => ({ workspaces: await workspaces.list() }))
    app.route({
      method: ['PUT', 'DELETE'],
      url,
      handler: async () => {
        throw new CygnetError('bad-request', 'A workspace needs a name.')
      },
    })
  }
  app.get('/lab/api/workspaces/*', (request) => workspaces.get(wildcard(request)))
  app.put('/lab/api/workspaces/*', async (request, reply) => {
    await workspaces.save(wildcard(request), (await readBody(request.raw)).toString('utf8').trim())
    return reply.code(204).send()
  })
  app.delete('/lab/api/workspaces/*', async (request, reply) => {
    await workspaces.remove(wildcard(request))
    return reply.code(204).send()
  })
}

function wildcard(request: FastifyRequest): string {
  return (request.params as { '*': string })['*']
}
