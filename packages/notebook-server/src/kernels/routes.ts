import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CygnetError } from '@cygnet/core/errors'
import type { FastifyInstance } from 'fastify'
import mime from 'mime-types'
import { z } from 'zod'
import { acceptJsonBodies, parseBody } from '../wire/json-body.ts'
import type { KernelManager } from './kernel-manager.ts'
import type { KernelSpecs } from './kernel-specs.ts'

const startBody = z.looseObject({ name: z.string().nullish(), path: z.string().nullish() })

/** `/api/kernels`, `/api/kernelspecs` and `/kernelspecs` of Jupyter Server's API. */
export function registerKernels(
  app: FastifyInstance,
  parts: { manager: KernelManager; specs: KernelSpecs; basePath: string },
): void {
  const { manager, specs, basePath } = parts
  void app.register(async (scope) => {
    acceptJsonBodies(scope)

    scope.get('/api/kernels', async () => manager.list())

    scope.post('/api/kernels', async (request, reply) => {
      const { name, path } = parseBody(request, startBody)
      const kernel = await manager.start({ name: name ?? undefined, path: path ?? undefined })
      return reply.status(201).header('location', `${basePath}api/kernels/${kernel.id}`).send(kernel.toModel())
    })

    scope.get<KernelParams>('/api/kernels/:id', async (request) => manager.get(request.params.id).toModel())

    scope.delete<KernelParams>('/api/kernels/:id', async (request, reply) => {
      await manager.shutdown(request.params.id)
      return reply.status(204).send()
    })

    scope.post<KernelParams>('/api/kernels/:id/interrupt', async (request, reply) => {
      await manager.interrupt(request.params.id)
      return reply.status(204).send()
    })

    scope.post<KernelParams>('/api/kernels/:id/restart', async (request) => {
      await manager.restart(request.params.id)
      return manager.get(request.params.id).toModel()
    })

    scope.get<KernelParams>('/api/kernels/:id/channels', async (request) => {
      manager.get(request.params.id)
      throw new CygnetError('bad-request', 'This address is for WebSockets.')
    })

    scope.get('/api/kernelspecs', async () => {
      const all = await specs.list()
      const models = await Promise.all([...all.values()].map((spec) => specs.toModel(spec, basePath)))
      const name = all.has('python3') || all.size === 0 ? 'python3' : await specs.defaultName()
      return { default: name, kernelspecs: Object.fromEntries(models.map((model) => [model.name, model])) }
    })

    scope.get<{ Params: { name: string } }>('/api/kernelspecs/:name', async (request) =>
      specs.toModel(await specs.get(request.params.name), basePath),
    )

    scope.get<{ Params: { name: string; '*': string } }>('/kernelspecs/:name/*', async (request, reply) => {
      const path = await specs.resource(request.params.name, request.params['*'])
      const { size } = await stat(path)
      return reply
        .type(mime.lookup(path) || 'application/octet-stream')
        .headers({
          'content-length': size,
          'cache-control': 'private, max-age=86400',
          'x-content-type-options': 'nosniff',
        })
        .headers({ 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox" })
        .send(createReadStream(path))
    })
  })
}

interface KernelParams {
  Params: { id: string }
}
