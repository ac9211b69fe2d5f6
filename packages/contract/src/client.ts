import { z } from 'zod'
import type { Route, ResponseOf } from './route.ts'

type Input<S> = S extends z.ZodType ? z.input<S> : never
type Arguments<R extends Route> = (R['params'] extends z.ZodObject
  ? { params: Input<R['params']> }
  : { params?: undefined }) &
  (R['query'] extends z.ZodObject ? { query: Input<R['query']> } : { query?: undefined }) &
  (R['body'] extends z.ZodType ? { body: Input<R['body']> } : { body?: undefined }) & { signal?: AbortSignal }

export const errorBody = z.object({
  status: z.number(),
  code: z.string(),
  message: z.string(),
  mend: z.string().optional(),
})

/** What the service answered instead of a result. `message` and `mend` are meant for people. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly status: number
  readonly code: string
  readonly mend: string | undefined

  constructor(status: number, code: string, message: string, mend?: string) {
    super(message)
    this.status = status
    this.code = code
    this.mend = mend
  }
}

export interface ClientOptions {
  /** Where the service is, without a slash at the end; empty for the page's own origin. */
  baseUrl?: string
  /** Sent with every request. */
  headers?: () => Record<string, string>
  fetch?: typeof globalThis.fetch
}

/** Calls a route and checks its answer. @throws ServiceError with what the service said, or status 0 where it cannot be reached */
export type Call = <R extends Route>(route: R, args: Arguments<R>) => Promise<ResponseOf<R>>

export function createClient(options: ClientOptions = {}): Call {
  const send = options.fetch ?? globalThis.fetch
  return async (route, args) => {
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers?.() }
    if (args.body !== undefined) headers['content-type'] = 'application/json'
    const init: RequestInit = { method: route.method, headers, credentials: 'same-origin' }
    if (args.body !== undefined) init.body = JSON.stringify(args.body)
    if (args.signal !== undefined) init.signal = args.signal
    const response = await reach(
      send,
      (options.baseUrl ?? '') + toPath(route, args.params as PathValues, args.query as PathValues),
      init,
    )
    if (!response.ok) throw await toServiceError(response)
    if (route.response === 'stream' || route.response === 'empty') return undefined as never
    return route.response.parse(await response.json()) as never
  }
}

/** What a path or a query is filled in with. */
type PathValues = Record<string, string | number | boolean | undefined> | undefined

/** The path of a route with its parameters and query filled in, for links and downloads. */
export function toPath(route: Route, params?: PathValues, query?: PathValues): string {
  const path = route.path.replace(/:([a-zA-Z]+)/g, (_, name: string) => encodeURIComponent(String(params?.[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text === '' ? path : `${path}?${text}`
}

async function reach(send: typeof globalThis.fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await send(url, init)
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    throw new ServiceError(0, 'unavailable', 'The service cannot be reached.', 'Check your connection and try again.')
  }
}

async function toServiceError(response: Response): Promise<ServiceError> {
  const parsed = errorBody.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) return new ServiceError(response.status, 'internal', `The service answered ${response.status}.`)
  return new ServiceError(parsed.data.status, parsed.data.code, parsed.data.message, parsed.data.mend)
}
