/** Limits sessions by cgroups. */
export interface Limiter {
  readonly enforces: { memory: boolean; cpu: boolean; processes: boolean }
  /** Where the cgroup of this session will be; nothing is made yet. */
  place(id: string): CgroupRecord
  /** Makes it, limited. A failure leaves nothing behind. */
  create(record: CgroupRecord, limits: CgroupLimits): Promise<Entrances>
}

export interface CgroupLimits {
  cores: number
  memoryBytes: number
  processes: number
}

/**
 * Files that a process writes 0 into to enter. Tools serve the session, such as its network: they share its memory and CPU,
 * but the number of processes limits only what is in the box, so that a fork bomb does not take the tools along.
 */
export interface Entrances {
  tools: string[]
  box: string[]
}

/** Plain JSON: where a session's cgroup is, for a later process of the service. Version 1 has a folder for each controller. */
export type CgroupRecord =
  | { version: 1; folders: { memory: string | null; cpu: string | null; pids: string | null } }
  | { version: 2; folder: string }

/** A session's cgroup while it lives. */
export interface Cgroup {
  /** Bytes; null where memory is not limited. */
  memory(): Promise<{ used: number; limit: number } | null>
  /** How many processes were killed because the memory was used up. */
  outOfMemoryKills(): Promise<number>
  /** Kills whatever is in it and resolves when that is gone. */
  killAll(): Promise<void>
  /** Removes it, where it is there and empty. */
  remove(): Promise<void>
}
