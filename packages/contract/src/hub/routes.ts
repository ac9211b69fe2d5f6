import { z } from 'zod'
import { defineRoute } from '../route.ts'
import { tokenModel, userModel } from './models.ts'

const name = z.string().min(1).max(300)

export const getVersion = defineRoute({
  method: 'GET',
  path: '/hub/api/',
  summary: 'The version of the JupyterHub API that is spoken; no sign-in.',
  access: 'public',
  response: z.object({ version: z.string() }),
})

export const getHealth = defineRoute({
  method: 'GET',
  path: '/hub/api/health',
  summary: 'Answers when the service is up; no sign-in.',
  access: 'public',
  response: z.object({}),
})

export const getSelf = defineRoute({
  method: 'GET',
  path: '/hub/api/user',
  summary: 'Who the caller is.',
  access: 'user',
  response: userModel,
})

export const listUsers = defineRoute({
  method: 'GET',
  path: '/hub/api/users',
  summary: 'All users.',
  access: 'admin',
  response: z.array(userModel),
})

export const getUser = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name',
  summary: 'A user and their servers.',
  access: 'self-or-admin',
  params: z.object({ name }),
  response: userModel,
})

export const createUser = defineRoute({
  method: 'POST',
  path: '/hub/api/users/:name',
  summary: 'Adds a user; without a password they cannot sign in with one.',
  access: 'admin',
  params: z.object({ name }),
  body: z.object({ admin: z.boolean().optional(), password: z.string().max(1024).optional() }).nullish(),
  response: userModel,
  status: 201,
})

export const deleteUser = defineRoute({
  method: 'DELETE',
  path: '/hub/api/users/:name',
  summary: 'Removes a user, stopping their server. Their files stay on the disk.',
  access: 'admin',
  params: z.object({ name }),
  response: 'empty',
})

export const createToken = defineRoute({
  method: 'POST',
  path: '/hub/api/users/:name/tokens',
  summary: 'Creates a token; without any other credential the body carries `auth: {username, password}`.',
  access: 'public',
  params: z.object({ name }),
  body: z
    .object({
      note: z.string().max(300).optional(),
      expires_in: z.number().int().positive().nullish().describe('Seconds.'),
      auth: z.object({ username: z.string().max(300), password: z.string().max(1024) }).optional(),
    })
    .nullish(),
  response: tokenModel,
  status: 201,
})

export const listTokens = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name/tokens',
  summary: 'The tokens of a user, without their secrets.',
  access: 'self-or-admin',
  params: z.object({ name }),
  response: z.object({ api_tokens: z.array(tokenModel) }),
})

export const getToken = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name/tokens/:id',
  summary: 'A token of a user, without its secret.',
  access: 'self-or-admin',
  params: z.object({ name, id: z.string().max(100) }),
  response: tokenModel,
})

export const revokeToken = defineRoute({
  method: 'DELETE',
  path: '/hub/api/users/:name/tokens/:id',
  summary: 'Revokes a token.',
  access: 'self-or-admin',
  params: z.object({ name, id: z.string().max(100) }),
  response: 'empty',
})

/** The options of a server. Unknown keys are kept for JupyterHub's clients and ignored. */
export const serverOptions = z.looseObject({
  release: z.string().max(100).optional(),
  cores: z.number().positive().optional(),
  memoryGiB: z.number().positive().optional(),
})

export const startServer = defineRoute({
  method: 'POST',
  path: '/hub/api/users/:name/server',
  summary: 'Starts the server: 201 when it is ready at once, 202 while it starts.',
  access: 'self-or-admin',
  params: z.object({ name }),
  body: serverOptions.extend({ user_options: serverOptions.optional() }).nullish(),
  response: 'empty',
  status: 202,
})

export const stopServer = defineRoute({
  method: 'DELETE',
  path: '/hub/api/users/:name/server',
  summary: 'Stops the server: 204 when it is gone, 202 while it ends.',
  access: 'self-or-admin',
  params: z.object({ name }),
  response: 'empty',
})

export const watchProgress = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name/server/progress',
  summary: 'Server-sent events of the start: {progress, message}, at the end ready and url, or failed.',
  access: 'self-or-admin',
  params: z.object({ name }),
  response: 'stream',
})
