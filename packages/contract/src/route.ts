import type { z } from 'zod'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may call: anyone; someone signed in, whatever their scopes; or whoever holds a scope.
 * A link's routes are public and check the link themselves.
 */
export type Access = 'public' | 'identity' | ScopedAccess

/** Held is one of the scopes, of JupyterHub's or of Cygnet's own. */
export interface ScopedAccess {
  anyOf: readonly [string, ...string[]]
  /**
   * For what: the user or the server of the user that the path names (`:name`); the caller's own account or server; all;
   * or anything at all, where the handler leaves out what the caller may not see.
   */
  of: 'user' | 'server' | 'caller' | 'own-server' | 'all' | 'some'
}

/** Declares that a route needs a scope, or one of several. */
export function needsScope(scope: string | readonly [string, ...string[]], of: ScopedAccess['of']): ScopedAccess {
  return { anyOf: typeof scope === 'string' ? [scope] : scope, of }
}

/** One HTTP route as data. The hub serves it, the portal calls it, and the OpenAPI description is made from it. */
export interface Route {
  method: Method
  /** With `:name` for parameters. */
  path: `/${string}`
  summary: string
  access: Access
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** A schema for a JSON answer, `'stream'` for bytes or events, `'empty'` for 204. */
  response: z.ZodType | 'stream' | 'empty'
  /** The status of success, 200 unless said (204 for an empty answer). */
  status?: number
}

/** Declares a route, keeping its exact type. */
export function defineRoute<const R extends Route>(route: R): R {
  return route
}

export type ParamsOf<R extends Route> = R['params'] extends z.ZodObject ? z.infer<R['params']> : undefined
export type QueryOf<R extends Route> = R['query'] extends z.ZodObject ? z.infer<R['query']> : undefined
export type BodyOf<R extends Route> = R['body'] extends z.ZodType ? z.infer<R['body']> : undefined
/** What the handler returns, before a schema's defaults. */
export type ResponseOf<R extends Route> = R['response'] extends z.ZodType ? z.infer<R['response']> : undefined
