export interface ServerTables {
  servers: ServersTable
  server_choices: ServerChoicesTable
}

/** One row for each server that was ever started and whose user is still there. */
export interface ServersTable {
  user_id: number
  /** Of a named server; empty for the user's one server now. */
  name: string
  user_name: string
  state: 'starting' | 'running' | 'stopped'
  spawner: string
  /** Of this start; names what the spawner makes for it. */
  start_id: string
  /** Opens the session. Empty once it is stopped. */
  secret: string
  /** The spawner's own JSON; null until the start got so far, and once stopped. */
  handle: string | null
  /** JSON of an `Address`. */
  address: string | null
  /** What the paths of the server begin with; null where it was started before anybody wrote it down, at `/user/<name>/`. */
  base_path: string | null
  /** JSON of the `ServerChoice`. */
  choice: string
  /** JSON of all options that were asked for, those that mean nothing here included. */
  options: string
  /** Times are ISO 8601 in UTC. */
  started: string
  last_activity: string
  /** Why it is stopped, where nobody asked for it. */
  reason: string | null
}

/** What each user chose last. */
export interface ServerChoicesTable {
  user_id: number
  /** JSON of a `ServerChoice`. */
  choice: string
}
