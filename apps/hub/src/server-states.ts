/** What JupyterHub's models tell of a server that is not stopped. */
export interface ServerState {
  phase: 'starting' | 'running' | 'stopping'
  /** When the start was asked for. */
  started: Date | null
  lastActivity: Date | null
  /** What was chosen for it. */
  options: Record<string, unknown>
}

/** What the users' routes need of the servers. */
export interface ServerStates {
  /** From memory, at once; null where it is stopped. */
  of(userId: number): ServerState | null
  /**
   * Starts a server as it was chosen last where it is stopped, and waits a moment for it. @returns whether it runs by then
   * @throws CygnetError that tells why it cannot start
   */
  ensureStarted(user: { id: number; name: string }): Promise<boolean>
  /** Asks the servers of these users what they do now, so that `of` tells it. Of one that does not answer soon what was known stays. */
  refresh(userIds: number[]): Promise<void>
  /** Before a user is removed: stops the server, cancels a start, refuses new ones of this id. Resolves once it is gone. */
  remove(user: { id: number; name: string }, signal: AbortSignal): Promise<void>
}

/** What the users' routes need of the homes. */
export interface Homes {
  /**
   * Moves a removed user's home aside, where it stays, so that a later user of this name gets a fresh one, and ends what
   * the user shared and was given. Doing it again is no error.
   */
  setAside(user: { id: number; name: string }): Promise<void>
}
