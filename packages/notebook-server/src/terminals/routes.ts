import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { acceptJsonBodies, parseBody } from '../wire/json-body.ts'
import { toTerminalModel } from './terminal.ts'
import type { TerminalManager } from './terminal-manager.ts'

const createBody = z.looseObject({ name: z.string().nullish(), cwd: z.string().nullish() })

/** `/api/terminals` of Jupyter Server's API. */
export function registerTerminals(app: FastifyInstance, parts: { terminals: TerminalManager; basePath: string }): void {
  const { terminals } = parts
  void app.register(async (scope) => {
    acceptJsonBodies(scope)

    scope.get('/api/terminals', async () => terminals.list())

    scope.post('/api/terminals', async (request) => {
      const { name, cwd } = parseBody(request, createBody)
      return terminals.create({ name: name ?? undefined, cwd: cwd ?? undefined })
    })

    scope.get<TerminalParams>('/api/terminals/:name', async (request) =>
      toTerminalModel(terminals.get(request.params.name)),
    )

    scope.delete<TerminalParams>('/api/terminals/:name', async (request, reply) => {
      await terminals.remove(request.params.name)
      return reply.status(204).send()
    })
  })
}

interface TerminalParams {
  Params: { name: string }
}
