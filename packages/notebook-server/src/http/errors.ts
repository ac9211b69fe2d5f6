import { statusOf, toCygnetError, toErrorBody, type CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import { CygnetError as Failure } from '@cygnet/core/errors'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'

/** Every error becomes JSON as Jupyter Server sends it (`message`, `reason`), with a code and what to do. */
export function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((thrown: FastifyError | Error, request, reply) => {
    const error = toError(thrown)
    if (error.code === 'internal') {
      logger.error({ err: error.cause ?? error, method: request.method, path: pathOf(request.url) }, error.message)
    }
    return sendError(reply, error)
  })
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, new Failure('not-found', `There is nothing at ${request.method} ${pathOf(request.url)}.`)),
  )
}

export function sendError(reply: FastifyReply, error: CygnetError): FastifyReply {
  if (error.retryAfter !== undefined) reply.header('retry-after', error.retryAfter)
  for (const name of ['content-length', 'content-encoding', 'content-disposition', 'etag', 'last-modified']) {
    reply.removeHeader(name)
  }
  return reply
    .code(statusOf(error.code))
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(toErrorBody(error)))
}

/** Fastify's own complaints (a path that cannot be decoded, a body that is too large) keep their status. */
export function toError(thrown: FastifyError | Error): CygnetError {
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined
  if (status === undefined || status >= 500 || thrown instanceof Failure) return toCygnetError(thrown)
  const codes = { 404: 'not-found', 413: 'too-large' } as const
  return new Failure(status === 404 || status === 413 ? codes[status] : 'bad-request', thrown.message, {
    cause: thrown,
  })
}

function pathOf(url: string): string {
  return (url.split('?')[0] ?? '').slice(0, 300)
}
