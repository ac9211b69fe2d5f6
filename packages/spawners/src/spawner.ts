/** Starts and stops one user's server. The hub keeps all records: a spawner sees only its arguments. */
export interface Spawner<Handle = unknown> {
  readonly name: string
  /**
   * Resolves once the server accepts connections at `address`; `signal` cancels the start and frees what it took.
   * A failed start leaves nothing behind and rejects with a CygnetError that says why, with the server's last words.
   */
  start(request: StartRequest, signal: AbortSignal, report: (step: ProgressStep) => void): Promise<Started<Handle>>
  /** Resolves once the server and all its processes are gone; a server already gone is no error. */
  stop(handle: Handle, signal: AbortSignal): Promise<void>
  /** Also used after a hub restart, with a handle read back from the database (JSON). */
  probe(handle: Handle): Promise<ServerStatus>
  /** Resolves once the server has ended by itself or was stopped; rejects only with the signal's reason. */
  waitForExit(handle: Handle, signal: AbortSignal): Promise<ServerStatus & { state: 'exited' }>
  /**
   * Optional: makes the server's mounts below the home be exactly these while it runs. What ends or becomes read-only does so
   * at once and for all: processes that work in it are ended, and the server where nothing less helps.
   * A spawner without it mounts what the next start asks for.
   */
  remount?(handle: Handle, mounts: Mount[]): Promise<void>
  /**
   * Optional: ends whatever an earlier run of the service started and that is not among `known`, and frees what it took.
   * For the start of the service, before its own first start of a server.
   */
  sweep?(known: Handle[]): Promise<void>
  /**
   * Optional: finds out what the machine can do, which the first start would do otherwise, and resolves with what it cannot.
   * Rejects with a CygnetError that says why no server could start now.
   */
  prepare?(): Promise<IsolationGap[]>
  /**
   * Optional: finds out whether layers below `folder` can be laid over this software, by trying it. Rejects with a CygnetError that
   * says why not. A spawner without it has no layers.
   *
   * @param uid - of some user; null where all have the service's own
   */
  tryLayer?(software: string, folder: string, uid: number | null): Promise<void>
}

/** A promise of isolation that is not kept here, for want of something or by configuration. */
export interface IsolationGap {
  kind: 'network' | 'metadata' | 'limits' | 'users' | 'system-calls'
  /** What is not kept, why, and all that it means, in whole sentences for people. */
  message: string
  /** What to do about it, where something can be done. */
  mend?: string
}

export interface StartRequest {
  /** Unique for this start; letters, digits, `-` and `_`. Names the cgroup and the runtime folder. */
  id: string
  user: {
    name: string
    /** The user's own uid where the service can give one, else null: the service's own. */ uid: number | null
  }
  /** The home folder on the host, existing and owned by the user. Seen inside as `/home/<name>`. */
  home: string
  /** What is seen inside of the host's folders and files. */
  software: Software[]
  /** What others share with the user, seen below the home. */
  mounts: Mount[]
  /** The program to run, seen from inside. It must listen on the unix socket that `CYGNET_SOCKET` names. */
  command: string[]
  environment: Record<string, string>
  limits: { cores: number; memoryBytes: number; processes: number }
  /** The host's loopback port that is let into the server's own network: the service's front door. */
  frontDoorPort: number | null
}

export interface Software {
  source: string
  /** Where it is seen inside. */
  target: string
  /** What the user may do there: nothing unless said; change it for themselves alone; change the folder itself, which is theirs. */
  access?: { kind: 'layer'; layer: Layer } | { kind: 'write' }
}

/**
 * Where a user's own changes of read-only software are kept: two empty folders on one file system, the user's own, below a
 * folder that only the service may change. It belongs to this very software and this user alone, and to one server at a time.
 */
export interface Layer {
  /** Holds what was added or changed. */
  upper: string
  /** For the file system's own use. */
  work: string
}

export interface Mount {
  /**
   * `path` is relative, `/` between components, empty for the root itself. What lies below `root`, the owner's home, is
   * the owner's to change at any time: no symbolic link is followed there. A folder, or a regular file.
   *
   * With an `identity` it must be that very thing and not another one of its name: the number of its inode, a colon and
   * the nanosecond of its birth since 1970 (0 where the file system keeps none).
   */
  source: { root: string; path: string; identity?: string }
  /** `Shared with me/<name>` below the home. */
  target: string
  readOnly: boolean
  /** Whom the files belong to on the host; they are shown as the user's own. Null where all share one uid. */
  ownerUid: number | null
}

export interface Started<Handle> {
  /** Plain JSON, enough for another process to stop, probe and reach the server. */
  handle: Handle
  address: Address
}

/** Where the hub reaches a server. */
export type Address = { kind: 'socket'; path: string } | { kind: 'tcp'; host: string; port: number }

export type ServerStatus =
  | {
      state: 'running'
      /** Bytes, what can be reclaimed at once not counted; null where the spawner sets no limit. */
      memory: { used: number; limit: number } | null
      /** How often a process of the server, such as a kernel, was killed because the memory was used up. */
      outOfMemoryKills?: number
    }
  | { state: 'exited'; reason: ExitReason }

export type ExitReason =
  | { kind: 'stopped' }
  | { kind: 'exit'; code: number | null; signal: string | null }
  | { kind: 'out-of-memory'; limit: number }
  /** Something was no longer shared with the user, and the server did not let go of it. */
  | { kind: 'share-held' }
  | { kind: 'unknown' }

export interface ProgressStep {
  /** 0 to 100. */
  percent: number
  /** For the waiting user, one short sentence. */
  message: string
}
