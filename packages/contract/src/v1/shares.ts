import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'
import { treePath } from './files.ts'

const access = z.enum(['read', 'write'])

export const share = z.object({
  id: z.string(),
  owner: z.string(),
  /** In the owner's home. */
  path: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder', 'missing']),
  created: z.string(),
  /** Where what was shared was deleted, moved out of the home, or not found again: the share leads to nothing any more. */
  ended: z.object({ at: z.string(), why: z.enum(['deleted', 'moved-away', 'not-found']) }).nullable(),
  expires: z.string().nullable(),
  to: z.discriminatedUnion('type', [
    z.object({ type: z.literal('link'), url: z.string(), token: z.string(), hasPassword: z.boolean() }),
    z.object({ type: z.literal('user'), name: z.string(), access }),
  ]),
})
export type Share = z.infer<typeof share>

/** What someone shared with the caller. Its files are the tree `share-<id>`; `folder` is where sessions see it, below the home. */
export const receivedShare = z.object({
  id: z.string(),
  owner: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder', 'missing']),
  access,
  created: z.string(),
  folder: z.string(),
})
export type ReceivedShare = z.infer<typeof receivedShare>

const shareInput = z.object({
  path: treePath,
  to: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('link'),
      password: z.string().min(1).max(1024).optional(),
      expires: z.iso.datetime({ offset: true }).optional(),
    }),
    z.object({ type: z.literal('user'), name: z.string().max(300), access: access.default('read') }),
  ]),
})

export const listShares = defineRoute({
  method: 'GET',
  path: '/api/v1/shares',
  summary: 'What the caller shares: all of it, what has ended too; or that of what is at one path.',
  access: needsScope('read:cygnet:files', 'caller'),
  query: z.object({ path: treePath.optional() }),
  response: z.array(share),
})

export const createShare = defineRoute({
  method: 'POST',
  path: '/api/v1/shares',
  summary: 'Shares a file or folder of the caller’s home by link or with a user.',
  access: needsScope('cygnet:files', 'caller'),
  body: shareInput,
  response: share,
  status: 201,
})

export const updateShare = defineRoute({
  method: 'PATCH',
  path: '/api/v1/shares/:id',
  summary: 'Changes a link’s password or expiry (null removes it), or a user’s access.',
  access: needsScope('cygnet:files', 'caller'),
  params: z.object({ id: z.string().max(64) }),
  body: z.object({
    password: z.string().min(1).max(1024).nullish(),
    expires: z.iso.datetime({ offset: true }).nullish(),
    access: access.optional(),
  }),
  response: share,
})

export const revokeShare = defineRoute({
  method: 'DELETE',
  path: '/api/v1/shares/:id',
  summary: 'Ends a share at once, or forgets one that has ended; the one who received it may do so too.',
  access: needsScope('cygnet:files', 'caller'),
  params: z.object({ id: z.string().max(64) }),
  response: 'empty',
})

export const listReceivedShares = defineRoute({
  method: 'GET',
  path: '/api/v1/shares/received',
  summary: 'What others share with the caller.',
  access: needsScope('read:cygnet:files', 'caller'),
  response: z.array(receivedShare),
})

export const listUserShares = defineRoute({
  method: 'GET',
  path: '/api/v1/users/:name/shares',
  summary: 'What a user shares.',
  access: needsScope('read:cygnet:files', 'user'),
  params: z.object({ name: z.string().max(300) }),
  response: z.array(share),
})

export const createUserShare = defineRoute({
  method: 'POST',
  path: '/api/v1/users/:name/shares',
  summary: 'Shares a file or folder of a user’s home.',
  access: needsScope('cygnet:files', 'user'),
  params: z.object({ name: z.string().max(300) }),
  body: shareInput,
  response: share,
  status: 201,
})

export const revokeUserShare = defineRoute({
  method: 'DELETE',
  path: '/api/v1/users/:name/shares/:id',
  summary: 'Ends a share of a user.',
  access: needsScope('cygnet:files', 'user'),
  params: z.object({ name: z.string().max(300), id: z.string().max(64) }),
  response: 'empty',
})

/** What the page of a link shows before its files; `name` and `owner` only once it is open. */
export const linkView = z.object({
  state: z.enum(['open', 'needs-password']),
  name: z.string().nullable(),
  owner: z.string().nullable(),
  kind: z.enum(['file', 'folder']).nullable(),
  expires: z.string().nullable(),
})

export const getLink = defineRoute({
  method: 'GET',
  path: '/api/v1/links/:token',
  summary: 'A link: 404 where there never was one or it was revoked, 410 once it expired or what it showed is gone.',
  access: 'public',
  params: z.object({ token: z.string().max(64) }),
  response: linkView,
})

export const unlockLink = defineRoute({
  method: 'POST',
  path: '/api/v1/links/:token/unlock',
  summary: 'Opens a link with its password, for this browser (a cookie).',
  access: 'public',
  params: z.object({ token: z.string().max(64) }),
  body: z.object({ password: z.string().max(1024) }),
  response: linkView,
})
