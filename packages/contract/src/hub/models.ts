import { z } from 'zod'

/** JupyterHub's models, as of its REST API 5. Source: docs/source/_static/rest-api.yml of JupyterHub. */
export const serverModel = z.object({
  name: z.string(),
  full_name: z.string(),
  ready: z.boolean(),
  stopped: z.boolean(),
  pending: z.enum(['spawn', 'stop']).nullable(),
  url: z.string(),
  full_url: z.string().nullable(),
  progress_url: z.string(),
  started: z.string().nullable(),
  last_activity: z.string().nullable(),
  state: z.null(),
  user_options: z.record(z.string(), z.unknown()),
})
export type ServerModel = z.infer<typeof serverModel>

export const userModel = z.object({
  kind: z.literal('user'),
  name: z.string(),
  admin: z.boolean(),
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  server: z.string().nullable(),
  pending: z.enum(['spawn', 'stop']).nullable(),
  created: z.string(),
  last_activity: z.string().nullable(),
  servers: z.record(z.string(), serverModel),
  /** Of the caller's own token or session; only in `GET /hub/api/user`. */
  scopes: z.array(z.string()).optional(),
})
export type UserModel = z.infer<typeof userModel>

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
  /** Only in the answer that creates it. */
  token: z.string().optional(),
})
export type TokenModel = z.infer<typeof tokenModel>
