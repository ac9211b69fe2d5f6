import { z } from 'zod'

const processId = z.object({ pid: z.number().int().positive(), start: z.string() })
const folder = z.string().nullable()

const cgroupRecord = z.discriminatedUnion('version', [
  z.object({ version: z.literal(1), folders: z.object({ memory: folder, cpu: folder, pids: folder }) }),
  z.object({ version: z.literal(2), folder: z.string() }),
])

const sessionRecord = z.object({
  id: z.string(),
  /** The boot in which the processes are these. */
  boot: z.string(),
  user: z.object({ name: z.string(), uid: z.number().int() }),
  cgroup: cgroupRecord.nullable(),
  memoryBytes: z.number(),
  /** Whether the session's box is a file system of its own. */
  isMounted: z.boolean(),
  /** The process in the sandbox's process namespace that all others end with. */
  init: processId.nullable(),
  /** The user's server. With it the session is over, whatever it leaves running. */
  program: processId.nullable(),
  /** Of the interface of the session's own network; null where it shares the host's. */
  mac: z.string().nullable(),
  /** pasta. */
  network: processId.nullable(),
})

const sandboxHandle = sessionRecord.extend({ init: processId, program: processId })

/** What is known of a session, kept in its folder from its first moment on. */
export type SessionRecord = z.infer<typeof sessionRecord>

/** A session that runs. Plain JSON. */
export type SandboxHandle = z.infer<typeof sandboxHandle>

/** Null where this is no handle of a sandbox. */
export function parseHandle(value: unknown): SandboxHandle | null {
  return sandboxHandle.safeParse(value).data ?? null
}

export function parseRecord(value: unknown): SessionRecord | null {
  return sessionRecord.safeParse(value).data ?? null
}
