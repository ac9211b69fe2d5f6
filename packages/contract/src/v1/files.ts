import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'

/**
 * Which tree of files: `home`, `share-<id>` (what someone shared with the caller) or `link-<token>` (what a link shows).
 * The same routes serve all three; a link's are reached without an account.
 */
export const treeId = z
  .string()
  .regex(/^(?:home|share-[\w-]{1,64}|link-[\w-]{1,64})$/, 'A tree is home, share-<id> or link-<token>.')

/** Relative to the tree's root, `/` between components, no leading slash; empty for the root. */
export const treePath = z.string().max(4096)

export const entry = z.object({
  name: z.string(),
  path: z.string(),
  kind: z.enum(['file', 'folder']),
  /** Bytes; 0 for a folder. */
  size: z.number(),
  modified: z.string(),
  mediaType: z.string(),
  /** Changes with the content. */
  etag: z.string(),
  writable: z.boolean(),
})
export type Entry = z.infer<typeof entry>

const params = z.object({ tree: treeId })
const at = z.object({ path: treePath })
/** Also what begins with a dot. */
const hidden = z.enum(['0', '1']).default('0')

export const getEntry = defineRoute({
  method: 'GET',
  path: '/api/v1/trees/:tree/entry',
  summary: 'A file or folder; a folder with what is in it, folders first, by name.',
  access: 'public',
  params,
  query: at.extend({ hidden }),
  response: entry.extend({ children: z.array(entry).optional() }),
})

export const readContent = defineRoute({
  method: 'GET',
  path: '/api/v1/trees/:tree/content',
  summary: 'The bytes of a file; ranges and If-None-Match are honoured. Inline only in a sandbox, or as a download.',
  access: 'public',
  params,
  query: at.extend({ download: z.enum(['0', '1']).default('0') }),
  response: 'stream',
})

export const writeContent = defineRoute({
  method: 'PUT',
  path: '/api/v1/trees/:tree/content',
  summary:
    'Writes a file from the request’s body, whole or not at all; `overwrite=0` refuses an existing one with 409.',
  access: needsScope('cygnet:files', 'caller'),
  params,
  query: at.extend({ overwrite: z.enum(['0', '1']).default('0') }),
  response: entry,
})

export const readArchive = defineRoute({
  method: 'GET',
  path: '/api/v1/trees/:tree/archive',
  summary: 'A folder as a zip file.',
  access: 'public',
  params,
  query: at.extend({ hidden }),
  response: 'stream',
})

export const createFolder = defineRoute({
  method: 'POST',
  path: '/api/v1/trees/:tree/folders',
  summary: 'Creates a folder and the ones above it.',
  access: needsScope('cygnet:files', 'caller'),
  params,
  body: at,
  response: entry,
  status: 201,
})

export const moveEntry = defineRoute({
  method: 'POST',
  path: '/api/v1/trees/:tree/move',
  summary: 'Renames or moves within the tree; never over something that exists.',
  access: needsScope('cygnet:files', 'caller'),
  params,
  body: z.object({ from: treePath, to: treePath }),
  response: entry,
})

export const deleteEntry = defineRoute({
  method: 'DELETE',
  path: '/api/v1/trees/:tree/entry',
  summary: 'Deletes a file, or a folder with everything in it.',
  access: needsScope('cygnet:files', 'caller'),
  params,
  query: at,
  response: 'empty',
})
