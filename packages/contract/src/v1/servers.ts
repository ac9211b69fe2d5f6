import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'

export const release = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  /** `name version` of what it is made of, for people. */
  highlights: z.array(z.string()),
})
export type Release = z.infer<typeof release>

export const serverChoice = z.object({ release: z.string(), cores: z.number(), memoryGiB: z.number() })
export type ServerChoice = z.infer<typeof serverChoice>

/** What the start form offers. `chosen` is the user's last choice, or the defaults. */
export const startForm = z.object({
  releases: z.array(release),
  cores: z.array(z.number()),
  memoryGiB: z.array(z.number()),
  chosen: serverChoice,
})

export const serverView = z.object({
  phase: z.enum(['stopped', 'starting', 'running', 'stopping']),
  since: z.string().nullable(),
  /** Why it is stopped, where it did not stop because someone asked; while it runs, what hinders its use. */
  reason: z.string().nullable(),
  url: z.string(),
  choice: serverChoice.nullable(),
  /** Bytes, or null where the machine cannot tell. */
  memory: z.object({ used: z.number(), limit: z.number() }).nullable(),
  /** What it does, as it last said itself; null unless it runs. Times are null where nothing of the kind happened. */
  activity: z
    .object({
      last: z.string(),
      lastInput: z.string().nullable(),
      lastOutput: z.string().nullable(),
      busy: z.boolean(),
      connected: z.boolean(),
    })
    .nullable(),
})
export type ServerView = z.infer<typeof serverView>

export const getStartForm = defineRoute({
  method: 'GET',
  path: '/api/v1/start-form',
  summary: 'What can be chosen for a server, and the last choice.',
  access: needsScope('read:servers', 'own-server'),
  response: startForm,
})

export const getServer = defineRoute({
  method: 'GET',
  path: '/api/v1/server',
  summary: 'The caller’s server.',
  access: needsScope('read:servers', 'own-server'),
  response: serverView,
})

export const listServers = defineRoute({
  method: 'GET',
  path: '/api/v1/servers',
  summary: 'All servers that are not stopped.',
  access: needsScope('read:servers', 'all'),
  response: z.array(serverView.extend({ user: z.string() })),
})
