import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'

/** A promise of isolation that is not kept on this machine, for people. */
export const isolationGap = z.object({
  kind: z.string(),
  message: z.string(),
  mend: z.string().optional(),
})
export type IsolationGap = z.infer<typeof isolationGap>

export const listIsolationGaps = defineRoute({
  method: 'GET',
  path: '/api/v1/isolation-gaps',
  summary: 'What does not keep the users’ servers apart on this machine as it should; empty where all is well.',
  access: needsScope('read:hub', 'all'),
  response: z.array(isolationGap),
})
