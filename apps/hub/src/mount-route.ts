import type { Access, BodyOf, ParamsOf, QueryOf, ResponseOf, Route } from '@cygnet/contract/route'
import { CygnetError } from '@cygnet/core/errors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import type { z } from 'zod'
import type { Principal } from './principal.ts'
import { readJson } from './read-body.ts'

/** Bytes of a JSON body. */
const longestBody = 1024 * 1024
/** Where nobody has to say who they are: passwords and names are short, and reading more is work for a stranger. */
const longestPublicBody = 16 * 1024

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, as the gate found out. */
    principal: Principal | null
    /** Why a public route sees nobody although someone is signed in. */
    refusal: unknown
  }
  interface FastifyContextConfig {
    /** Who may call; a route without it cannot be added. `page` answers everybody and looks for itself. */
    access?: Access | 'page'
    /** Whether its answer goes on for as long as it takes. */
    isStream?: boolean
  }
}

/** What a handler is given: everything is checked. */
export interface RouteCall<R extends Route> {
  params: ParamsOf<R>
  query: QueryOf<R>
  body: BodyOf<R>
  principal: R['access'] extends 'public' ? Principal | null : Principal
  /** Of a route without a body in its contract nobody has read `request.raw`. */
  request: FastifyRequest
  /** For another status, for headers, or to write the answer oneself after `hijack()`. */
  reply: FastifyReply
  /** Aborts where the client goes away before it has the whole answer. */
  readonly signal: AbortSignal
}

export type StreamResult = Readable | Buffer | string | undefined

export type Result<R extends Route> = R['response'] extends 'stream'
  ? StreamResult
  : R['response'] extends 'empty'
    ? void
    : ResponseOf<R>

/** Does the work of a route. What it throws becomes the answer: CygnetErrors with their code, all else as `internal`. */
export type Handler<R extends Route> = (call: RouteCall<R>) => Promise<Result<R>> | Result<R>

/** Adds a route of the contract to the hub. */
export type Mount = <R extends Route>(route: R, handler: Handler<R>) => void

/** The routes of one part. */
export type RouteModule = (mount: Mount) => void

/** Serves a route: its guard runs before anything is read, then its input is checked, and its answer is cut to the contract. */
export function mountRoute<R extends Route>(app: FastifyInstance, route: R, handler: Handler<R>): void {
  const { method, path, access, params, query, body } = route
  app.route({
    method,
    url: path,
    config: { access, isStream: route.response === 'stream' },
    async handler(request, reply) {
      const json = body === undefined ? undefined : await readJsonOf(request, reply, access)
      const call = {
        params: check(params, request.params, 'path'),
        query: check(query, request.query, 'query'),
        // Checked where it is looked at: who may not do a thing is told that before what is wrong with how they ask.
        get body() {
          return check(body, json, 'body')
        },
        principal: request.principal,
        request,
        reply,
        get signal() {
          return toSignal(reply)
        },
      }
      // Narrowed by the checks and by the guard; the types cannot follow.
      const result: unknown = await handler(call as unknown as RouteCall<R>)
      return sendResult(route, result, reply)
    },
  })
}

function sendResult(route: Route, result: unknown, reply: FastifyReply): FastifyReply {
  if (reply.sent) return reply
  // A status that the handler chose stands.
  const isChosen = reply.statusCode !== 200
  if (route.response === 'stream') {
    // For HEAD, Fastify would put the length of the empty text in the place of what the handler said.
    const isHead = reply.request.method === 'HEAD' && result === ''
    return reply.send(isHead ? Readable.from([]) : result)
  }
  if (!isChosen) reply.code(route.status ?? (route.response === 'empty' ? 204 : 200))
  if (route.response === 'empty') return reply.send()
  const answer = route.response.safeParse(result)
  if (!answer.success)
    throw new Error(`The answer of ${route.method} ${route.path} is not as declared.`, { cause: answer.error })
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.data))
}

async function readJsonOf({ raw, principal }: FastifyRequest, reply: FastifyReply, access: Access): Promise<unknown> {
  const type = raw.headers['content-type']
  // Scripts leave the type out or have their library's; a form of another site could only send others than JSON's.
  if (type !== undefined && principal?.via === 'cookie' && !/^application\/json *(?:;|$)/i.test(type))
    throw new CygnetError('bad-request', 'The body must be JSON.', { mend: 'Send it as application/json.' })
  if (raw.headers.expect !== undefined) reply.raw.writeContinue()
  return readJson(raw, access === 'public' ? longestPublicBody : longestBody)
}

function check(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  if (where === 'body' && value === undefined) throw new CygnetError('bad-request', 'The request needs a JSON body.')
  const problems = result.error.issues.slice(0, 5).map((issue) => {
    const field = issue.path.join('.')
    return `${field === '' ? `the ${where}` : `${field} (${where})`}: ${issue.message}`
  })
  throw new CygnetError('bad-request', `The request is not as it should be. ${problems.join('; ')}`.slice(0, 1000))
}

const signals = new WeakMap<FastifyReply, AbortSignal>()

function toSignal(reply: FastifyReply): AbortSignal {
  const known = signals.get(reply)
  if (known !== undefined) return known
  const controller = new AbortController()
  const { raw } = reply
  const leave = (): void => {
    if (!raw.writableFinished) controller.abort(new CygnetError('unavailable', 'The client went away.'))
  }
  if (raw.closed || raw.destroyed) leave()
  else raw.once('close', leave)
  signals.set(reply, controller.signal)
  return controller.signal
}
