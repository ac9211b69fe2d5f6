import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, relative } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { CygnetError } from '@cygnet/core/errors'
import { toFilePath } from '@cygnet/core/file-name'
import type { HubIdentity } from '../app.ts'
import type { Contents } from '../contents/contents.ts'
import { readBody, readJson, readJsonObject } from '../http/read-body.ts'
import { isObject } from '../notebook-format/notebook.ts'
import { createConfigStore } from './config-store.ts'
import type { EventBus } from './event-bus.ts'
import { toIdentity } from './identity.ts'
import { openApi } from './open-api.ts'

/** The version of Jupyter Server whose API this is; clients decide by it what they may ask. */
export const apiVersion = '2.21.0'

export interface ApiParts {
  basePath: string
  jupyterFolder: string
  contents: Contents
  events: EventBus
  started: Date
  hub?: HubIdentity | undefined
  onShutdown?: (() => void) | undefined
}

/** The small things below `/api`: version, identity, configuration, events. */
export function registerApi(app: FastifyInstance, parts: ApiParts): void {
  const { events, contents } = parts
  const config = createConfigStore(parts.jupyterFolder)

  for (const url of ['/api', '/api/']) app.get(url, () => ({ version: apiVersion }))

  app.get('/api/spec.yaml', (_request, reply) => reply.type('text/x-yaml; charset=utf-8').send(openApi(parts.basePath)))

  app.get<{ Querystring: { permissions?: string } }>('/api/me', (request) =>
    toIdentity(parts.hub, request.query.permissions),
  )

  app.get<{ Params: { section: string } }>('/api/config/:section', (request) => config.get(request.params.section))
  app.put<{ Params: { section: string } }>('/api/config/:section', async (request, reply) => {
    await config.set(request.params.section, await requiredObject(request.raw))
    return reply.code(204).send()
  })
  app.patch<{ Params: { section: string } }>('/api/config/:section', async (request) =>
    config.update(request.params.section, await requiredObject(request.raw)),
  )

  app.post('/api/events', async (request, reply) => {
    events.emitFromClient(await readJson(request.raw))
    return reply.code(204).send()
  })

  app.get<{ Querystring: { path?: string } }>('/api/resolvePath', async (request) => {
    const { path } = request.query
    if (path === undefined) throw new CygnetError('bad-request', 'Missing argument path.')
    const found = await resolvePath(contents, path)
    return { resolved: found === undefined ? [] : [{ scope: 'server', path: found }] }
  })

  // No exporter is claimed that does not exist: the menu of a client stays empty.
  app.get('/api/nbconvert', () => ({}))
  app.get('/lsp/status', () => ({ version: 2, sessions: {}, specs: {} }))

  app.post('/api/security/csp-report', async (request, reply) => {
    await readBody(request.raw, 64 * 1024)
    return reply.code(204).send()
  })

  app.post('/api/shutdown', async (_request, reply) => {
    if (parts.onShutdown === undefined) {
      throw new CygnetError('forbidden', 'The hub decides when this server ends.', { mend: 'Stop it in the portal.' })
    }
    setImmediate(parts.onShutdown)
    return reply.send({})
  })
}

async function requiredObject(request: Parameters<typeof readJsonObject>[0]) {
  const value = await readJsonObject(request)
  if (!isObject(value)) throw new CygnetError('bad-request', 'The body must be a JSON object.')
  return value
}

/** An API path for a path as it stands in a traceback or a text, where it is a file of the home; else undefined. */
async function resolvePath(contents: Contents, path: string): Promise<string | undefined> {
  const expanded = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
  const apiPath = isAbsolute(expanded) ? relative(contents.root.folder, expanded) : expanded
  try {
    await stat(toFilePath(await contents.root.resolve(apiPath)))
    return apiPath
  } catch {
    return undefined
  }
}
