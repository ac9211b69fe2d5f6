import { z } from 'zod'

/** JupyterHub's models, as of its REST API 6. Source: docs/source/_static/rest-api.yml of JupyterHub. */
export const serverModel = z.object({
  name: z.string(),
  display_name: z.string(),
  full_name: z.string(),
  ready: z.boolean(),
  stopped: z.boolean(),
  pending: z.enum(['spawn', 'stop']).nullable(),
  url: z.string(),
  full_url: z.string().nullable(),
  progress_url: z.string(),
  full_progress_url: z.string().nullable(),
  started: z.string().nullable(),
  last_activity: z.string().nullable(),
  /** Only for whoever may read the state of servers. */
  state: z.null().optional(),
  user_options: z.record(z.string(), z.unknown()),
})
export type ServerModel = z.infer<typeof serverModel>

/** What the caller's scopes do not let them read is left out. */
export const userModel = z.object({
  kind: z.literal('user'),
  name: z.string(),
  admin: z.boolean().optional(),
  roles: z.array(z.string()).optional(),
  groups: z.array(z.string()).optional(),
  server: z.string().nullable().optional(),
  pending: z.enum(['spawn', 'stop']).nullable().optional(),
  created: z.string().optional(),
  last_activity: z.string().nullable().optional(),
  user_info: z.null().optional(),
  auth_state: z.null().optional(),
  servers: z.record(z.string(), serverModel).optional(),
})
export type UserModel = z.infer<typeof userModel>

/** A page of users, for who accepts `application/jupyterhub-pagination+json`. */
export const userPage = z.object({
  items: z.array(userModel),
  _pagination: z.object({
    offset: z.number(),
    limit: z.number(),
    total: z.number(),
    next: z.object({ offset: z.number(), limit: z.number(), url: z.string() }).nullable(),
  }),
})
export type UserPage = z.infer<typeof userPage>

/** Who the caller is, and what the token that they came with may do. */
export const selfModel = userModel.extend({
  scopes: z.array(z.string()),
  /** Null where the caller is signed in by a cookie. */
  token_id: z.string().nullable(),
  session_id: z.string().nullable(),
})

export const tokenModel = z.object({
  kind: z.literal('api_token'),
  id: z.string(),
  user: z.string(),
  note: z.string(),
  roles: z.array(z.string()),
  scopes: z.array(z.string()),
  created: z.string(),
  last_activity: z.string().nullable(),
  expires_at: z.string().nullable(),
  session_id: z.string().nullable(),
  oauth_client: z.string(),
  /** Only in the answer that creates it. */
  token: z.string().optional(),
})
export type TokenModel = z.infer<typeof tokenModel>
