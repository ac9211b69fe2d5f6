import { posix } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { acceptJsonBodies, parseBody } from '../wire/json-body.ts'
import type { NewSession, SessionManager } from './session-manager.ts'

/** It becomes a part of the kernel's environment. */
const text = z
  .string()
  .max(4096)
  .refine((value) => !value.includes('\0'), 'it has a NUL character')

/** The `notebook` of clients older than Jupyter Server is taken for the path of a notebook. */
const body = z.looseObject({
  path: text.nullish(),
  name: text.nullish(),
  type: text.nullish(),
  kernel: z.looseObject({ id: z.string().nullish(), name: z.string().nullish() }).nullish(),
  notebook: z.looseObject({ path: text.nullish(), name: text.nullish() }).nullish(),
})

/** `/api/sessions` of Jupyter Server's API. */
export function registerSessions(app: FastifyInstance, parts: { sessions: SessionManager; basePath: string }): void {
  const { sessions, basePath } = parts
  void app.register(async (scope) => {
    acceptJsonBodies(scope)

    scope.get('/api/sessions', async () => sessions.list())

    scope.post('/api/sessions', async (request, reply) => {
      const { path, type, kernel, name } = toChanges(parseBody(request, body))
      if (path === undefined) throw toMissing('path')
      if (type === undefined) throw toMissing('type')
      const session = await sessions.create({ path, type, kernel: kernel ?? {}, name: name ?? posix.basename(path) })
      return reply.status(201).header('location', `${basePath}api/sessions/${session.id}`).send(session)
    })

    scope.get<SessionParams>('/api/sessions/:id', async (request) => sessions.get(request.params.id))

    scope.patch<SessionParams>('/api/sessions/:id', async (request) =>
      sessions.change(request.params.id, toChanges(parseBody(request, body))),
    )

    scope.delete<SessionParams>('/api/sessions/:id', async (request, reply) => {
      await sessions.remove(request.params.id)
      return reply.status(204).send()
    })
  })
}

interface SessionParams {
  Params: { id: string }
}

function toChanges(given: z.infer<typeof body>): Partial<NewSession> {
  const oldPath = given.notebook?.name ?? given.notebook?.path
  const path = given.notebook?.path ?? oldPath ?? given.path
  const type = given.notebook ? 'notebook' : given.type
  const { kernel, name } = given
  return {
    ...(path != null && { path }),
    ...(name != null && { name }),
    ...(type != null && { type }),
    ...(kernel != null && { kernel: { id: kernel.id ?? undefined, name: kernel.name ?? undefined } }),
  }
}

function toMissing(field: string): CygnetError {
  return new CygnetError('bad-request', `Missing field in JSON data: ${field}`)
}
