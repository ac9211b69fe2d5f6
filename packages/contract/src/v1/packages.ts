import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'

/** What the caller has installed over one release. */
export const ownPackages = z.object({
  id: z.string(),
  release: z.string(),
  /** False for an earlier build of the release, whose packages no session sees any more. */
  isCurrent: z.boolean(),
  /** On disk; null where it took too long to tell. */
  bytes: z.number().nullable(),
  packages: z.array(z.object({ name: z.string(), version: z.string() })),
})
export type OwnPackages = z.infer<typeof ownPackages>

export const listOwnPackages = defineRoute({
  method: 'GET',
  path: '/api/v1/packages',
  summary: 'What the caller has installed over each release, and changed or taken away of it.',
  access: needsScope('read:cygnet:files', 'caller'),
  response: z.array(ownPackages),
})

export const resetOwnPackages = defineRoute({
  method: 'DELETE',
  path: '/api/v1/packages/:id',
  summary: 'Removes what the caller has installed over a release, for all time; the caller’s server must be stopped.',
  access: needsScope('cygnet:files', 'caller'),
  params: z.object({ id: z.string().max(200) }),
  response: 'empty',
})
