import type { FastifyInstance, FastifyRequest } from 'fastify'
import { CygnetError } from '@cygnet/core/errors'
import type { z } from 'zod'

/**
 * Makes a scope read every body as JSON, whatever its content type says, and take an empty body for none:
 * Jupyter's clients are as free as that.
 */
export function acceptJsonBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    const text = body.toString()
    if (text.trim() === '') return done(null, undefined)
    try {
      done(null, JSON.parse(text))
    } catch (cause) {
      done(new CygnetError('bad-request', 'The body of the request is no valid JSON.', { cause }))
    }
  })
}

/** The request's body as `schema` wants it; no body and `null` count as an empty object. */
export function parseBody<Schema extends z.ZodType>(request: FastifyRequest, schema: Schema): z.infer<Schema> {
  const result = schema.safeParse(request.body ?? {})
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || 'the body'}: ${issue.message}`)
  throw new CygnetError('bad-request', `The request is not as it should be: ${problems.join('; ')}.`)
}
