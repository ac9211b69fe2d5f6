import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { dirname } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { readJsonObject } from '../http/read-body.ts'
import type { Contents } from './contents.ts'
import type { ContentsModel, ContentType } from './model.ts'
import { textOf } from '../notebook-format/notebook.ts'
import { readSaveBody } from './read-save-body.ts'

export interface ContentsRoutesParts {
  contents: Contents
  /** With a slash at either end. */
  basePath: string
  /** Of a save, in bytes. */
  bodyLimit: number
}

type ContentsRequest = FastifyRequest<{ Params: { '*': string }; Querystring: Record<string, unknown> }>

/** `/api/contents...` as Jupyter Server answers it. */
export function registerContents(app: FastifyInstance, parts: ContentsRoutesParts): void {
  const handlers = createHandlers(parts)
  for (const url of ['/api/contents', '/api/contents/*']) {
    app.get(url, (request: ContentsRequest, reply) => handlers.get(request, reply))
    app.put(url, handlers.put)
    app.patch(url, handlers.patch)
    app.post(url, (request: ContentsRequest, reply) => handlers.post(request, reply))
    app.delete(url, (request: ContentsRequest, reply) => handlers.remove(request, reply))
  }
  app.all('/api/notebooks', (_request, reply) => reply.redirect(`${parts.basePath}api/contents`))
  app.all('/api/notebooks/*', (request, reply) =>
    reply.redirect(`${parts.basePath}api/contents/${encodePath(pathOf(request as ContentsRequest))}`),
  )
}

function createHandlers({ contents, basePath, bodyLimit }: ContentsRoutesParts) {
  function answer(reply: FastifyReply, model: ContentsModel, status = 200): FastifyReply {
    return withTime(reply.code(status), model)
      .header('location', `${basePath}api/contents/${encodePath(model.path)}`)
      .send(model)
  }

  async function spoolFolder(path: string): Promise<string> {
    const { path: target } = await contents.root.resolveForWriting(path)
    return target === contents.root.folder ? target : dirname(target)
  }

  /** Whether a path is about the checkpoints of a file. Below a folder, `checkpoints` is a name like any other. */
  async function checkpointPath(
    request: ContentsRequest,
  ): Promise<{ file: string; id: string | undefined } | undefined> {
    const match = /^(.+)\/checkpoints(?:\/([\w-]+))?\/?$/s.exec(pathOf(request))
    if (match?.[1] === undefined || (await contents.isFolder(match[1]))) return undefined
    return { file: match[1], id: match[2] }
  }

  async function get(request: ContentsRequest, reply: FastifyReply): Promise<FastifyReply> {
    const checkpoint = await checkpointPath(request)
    if (checkpoint !== undefined && checkpoint.id === undefined) {
      return reply.send(await contents.checkpoints.list(checkpoint.file))
    }
    const model = await contents.get(pathOf(request), {
      type: typeOf(request.query['type']),
      format: oneOf(request, 'format', ['text', 'base64']),
      content: oneOf(request, 'content', ['0', '1']) !== '0',
      hash: oneOf(request, 'hash', ['0', '1']) === '1',
    })
    return withTime(reply, model).send(model)
  }

  async function put(request: ContentsRequest, reply: FastifyReply): Promise<FastifyReply> {
    const path = pathOf(request)
    const body = await readSaveBody(request.raw, path, bodyLimit, () => spoolFolder(path))
    try {
      if (body.value === undefined) return answer(reply, await contents.createUntitled(path, '', ''), 201)
      if (body.value['copy_from']) throw new CygnetError('bad-request', 'Cannot copy with PUT, only POST.')
      const { model, isNew } = await contents.save(path, { ...body.value, type: saveType(body.value['type']) })
      return answer(reply, model, isNew ? 201 : 200)
    } finally {
      await body.dispose()
    }
  }

  async function patch(request: ContentsRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = await readJsonObject(request.raw)
    if (body === undefined) throw new CygnetError('bad-request', 'JSON body missing: it must hold the new "path".')
    const target = body['path'] ?? pathOf(request)
    if (typeof target !== 'string') throw new CygnetError('bad-request', 'The new "path" must be a string.')
    return answer(reply, await contents.rename(pathOf(request), target))
  }

  async function post(request: ContentsRequest, reply: FastifyReply): Promise<unknown> {
    const path = pathOf(request)
    if (path.endsWith('/trust') && (await contents.isFile(path.slice(0, -'/trust'.length)))) {
      await contents.trust(path.slice(0, -'/trust'.length))
      return reply.code(201).send()
    }
    const checkpoint = await checkpointPath(request)
    if (checkpoint === undefined) return create(request, reply)
    if (checkpoint.id === undefined) return createCheckpoint(checkpoint.file, reply)
    await contents.checkpoints.restore(checkpoint.file, checkpoint.id)
    return reply.code(204).send()
  }

  async function createCheckpoint(path: string, reply: FastifyReply): Promise<FastifyReply> {
    const checkpoint = await contents.checkpoints.create(path)
    const location = `${basePath}api/contents/${encodePath(path)}/checkpoints/${checkpoint.id}`
    return reply.code(201).header('location', location).send(checkpoint)
  }

  async function create(request: ContentsRequest, reply: FastifyReply): Promise<FastifyReply> {
    const path = pathOf(request)
    if (await contents.isFile(path)) throw new CygnetError('bad-request', 'Cannot POST to files, use PUT instead.')
    const { copy_from: source, type, ext } = (await readJsonObject(request.raw)) ?? {}
    if (source) {
      if (typeof source !== 'string') throw new CygnetError('bad-request', '"copy_from" must be a path.')
      return answer(reply, await contents.copy(source, path), 201)
    }
    if (ext !== undefined && ext !== null && typeof ext !== 'string') {
      throw new CygnetError('bad-request', '"ext" must be a string.')
    }
    return answer(reply, await contents.createUntitled(path, textOf(saveType(type)), ext ?? ''), 201)
  }

  async function remove(request: ContentsRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { file, id } = (await checkpointPath(request)) ?? {}
    if (file === undefined || id === undefined) await contents.remove(pathOf(request))
    else await contents.checkpoints.remove(file, id)
    return reply.code(204).send()
  }

  return { get, put, patch, post, remove }
}

function withTime(reply: FastifyReply, model: ContentsModel): FastifyReply {
  return reply.header('last-modified', new Date(model.last_modified).toUTCString())
}

function pathOf(request: ContentsRequest): string {
  return request.params['*'] ?? ''
}

function typeOf(type: unknown): ContentType | undefined {
  return type === undefined || type === '' ? undefined : (saveType(type) as ContentType)
}

/** An unknown type is a file, as Jupyter Server has it. */
function saveType(type: unknown): unknown {
  if (type === undefined || type === null || type === '') return undefined
  return type === 'directory' || type === 'notebook' ? type : 'file'
}

function oneOf<Value extends string>(request: ContentsRequest, name: string, values: Value[]): Value | undefined {
  const value = request.query[name]
  if (value === undefined) return undefined
  const found = values.find((one) => one === value)
  if (found !== undefined) return found
  throw new CygnetError(
    'bad-request',
    `${name} must be ${values.map((one) => `"${one}"`).join(' or ')}, not ${JSON.stringify(value)}.`,
  )
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
