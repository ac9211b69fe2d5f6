import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'
import { selfModel, tokenModel, userModel, userPage } from './models.ts'

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
  access: 'identity',
  response: selfModel,
})

export const listUsers = defineRoute({
  method: 'GET',
  path: '/hub/api/users',
  summary: 'The users that the caller may list.',
  access: needsScope('list:users', 'some'),
  query: z.object({
    state: z
      .enum(['inactive', 'active', 'ready'])
      .optional()
      .describe('Only users whose server is stopped, is not, or runs.'),
    offset: z.coerce.number().int().min(0).default(0),
    limit: z.coerce.number().int().min(1).optional(),
  }),
  response: z.union([z.array(userModel), userPage]),
})

export const getUser = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name',
  summary: 'A user and their servers.',
  access: needsScope(
    ['read:users', 'read:users:name', 'read:servers', 'read:users:groups', 'read:users:activity', 'read:roles:users'],
    'user',
  ),
  params: z.object({ name }),
  response: userModel,
})

export const createUser = defineRoute({
  method: 'POST',
  path: '/hub/api/users/:name',
  summary: 'Adds a user; without a password they cannot sign in with one.',
  access: needsScope('admin:users', 'user'),
  params: z.object({ name }),
  body: z.object({ admin: z.boolean().optional(), password: z.string().max(1024).optional() }).nullish(),
  response: userModel,
  status: 201,
})

export const deleteUser = defineRoute({
  method: 'DELETE',
  path: '/hub/api/users/:name',
  summary: 'Removes a user, stopping their server. Their files stay on the disk.',
  access: needsScope('delete:users', 'user'),
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
      scopes: z
        .array(z.string().max(300))
        .max(200)
        .nullish()
        .describe('What it may do; all that its maker may, unless said.'),
      roles: z
        .array(z.string().max(300))
        .max(20)
        .nullish()
        .describe('Instead of scopes: user, admin, server or token.'),
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
  access: needsScope('read:tokens', 'user'),
  params: z.object({ name }),
  response: z.object({ api_tokens: z.array(tokenModel) }),
})

export const getToken = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name/tokens/:id',
  summary: 'A token of a user, without its secret.',
  access: needsScope('read:tokens', 'user'),
  params: z.object({ name, id: z.string().max(100) }),
  response: tokenModel,
})

export const revokeToken = defineRoute({
  method: 'DELETE',
  path: '/hub/api/users/:name/tokens/:id',
  summary: 'Revokes a token.',
  access: needsScope('tokens', 'user'),
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
  access: needsScope('start:servers', 'server'),
  params: z.object({ name }),
  body: serverOptions.extend({ user_options: serverOptions.optional() }).nullish(),
  response: 'empty',
  status: 202,
})

export const stopServer = defineRoute({
  method: 'DELETE',
  path: '/hub/api/users/:name/server',
  summary: 'Stops the server: 204 when it is gone, 202 while it ends.',
  access: needsScope('delete:servers', 'server'),
  params: z.object({ name }),
  response: 'empty',
})

export const watchProgress = defineRoute({
  method: 'GET',
  path: '/hub/api/users/:name/server/progress',
  summary: 'Server-sent events of the start: {progress, message}, at the end ready and url, or failed.',
  access: needsScope('read:servers', 'server'),
  params: z.object({ name }),
  response: 'stream',
})
