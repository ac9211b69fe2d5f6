import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'

export const account = z.object({
  name: z.string(),
  admin: z.boolean(),
  hasPassword: z.boolean(),
})

export const getAccount = defineRoute({
  method: 'GET',
  path: '/api/v1/account',
  summary: 'Who is signed in.',
  access: 'identity',
  response: account,
})

export const changePassword = defineRoute({
  method: 'PUT',
  path: '/api/v1/account/password',
  summary: 'Sets the password; ends all other sessions of this user.',
  access: needsScope('cygnet:account', 'caller'),
  body: z.object({ current: z.string().max(1024).optional(), next: z.string().max(1024) }),
  response: 'empty',
})

export const setPassword = defineRoute({
  method: 'PUT',
  path: '/api/v1/users/:name/password',
  summary: 'Sets a user’s password; ends all their sessions.',
  access: needsScope('admin:users', 'user'),
  params: z.object({ name: z.string().max(300) }),
  body: z.object({ password: z.string().max(1024) }),
  response: 'empty',
})

export const findPeople = defineRoute({
  method: 'GET',
  path: '/api/v1/people',
  summary: 'Up to 10 other users whose name begins with the query, for sharing.',
  access: needsScope('cygnet:files', 'caller'),
  query: z.object({ query: z.string().min(1).max(64) }),
  response: z.array(z.object({ name: z.string() })),
})
