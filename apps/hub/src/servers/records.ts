import type { Kysely } from 'kysely'
import { serverChoice, type ServerChoice } from '@cygnet/contract/v1/servers'
import type { Address } from '@cygnet/spawners/spawner'
import type { ServerTables, ServersTable } from './tables.ts'

export interface ServerUser {
  id: number
  name: string
}

/** What is written down when a start begins. */
export interface StartRecord {
  startId: string
  spawner: string
  secret: string
  /** As in {@link ServerTarget}. */
  basePath: string
  choice: ServerChoice
  options: Record<string, unknown>
  started: Date
}

/** A server that was not stopped when the service ended. */
export interface UnfinishedRecord extends StartRecord {
  user: ServerUser
  /** Null where the service ended in the middle of the start. */
  running: { handle: unknown; address: Address } | null
  lastActivity: Date
}

/** What the hub remembers about servers, so that it finds them again after it was killed. */
export interface ServerRecords {
  begin(user: ServerUser, start: StartRecord): Promise<void>
  /** From now on another process can reach and stop the server. */
  started(user: ServerUser, handle: unknown, address: Address): Promise<void>
  stopped(user: ServerUser, reason: string | null): Promise<void>
  active(user: ServerUser, at: Date): Promise<void>
  unfinished(): Promise<UnfinishedRecord[]>
  /** Why each server that is stopped ended, by the user's number, where it ended by itself. */
  reasons(): Promise<Array<{ user: ServerUser; reason: string }>>
  choiceOf(userId: number): Promise<ServerChoice | null>
  choose(userId: number, choice: ServerChoice): Promise<void>
  /** Removes all that is known of a user. */
  forget(userId: number): Promise<void>
}

export function createServerRecords(database: Kysely<ServerTables>): ServerRecords {
  const change = async (user: ServerUser, values: Partial<ServersTable>): Promise<void> => {
    await database.updateTable('servers').set(values).where('user_id', '=', user.id).where('name', '=', '').execute()
  }
  return {
    async begin(user, start) {
      const row: ServersTable = {
        user_id: user.id,
        name: '',
        user_name: user.name,
        state: 'starting',
        spawner: start.spawner,
        start_id: start.startId,
        secret: start.secret,
        base_path: start.basePath,
        handle: null,
        address: null,
        choice: JSON.stringify(start.choice),
        options: JSON.stringify(start.options),
        started: start.started.toISOString(),
        last_activity: start.started.toISOString(),
        reason: null,
      }
      await database.replaceInto('servers').values(row).execute()
    },
    started: (user, handle, address) =>
      change(user, { state: 'running', handle: JSON.stringify(handle), address: JSON.stringify(address) }),
    stopped: (user, reason) => change(user, { state: 'stopped', secret: '', handle: null, address: null, reason }),
    active: (user, at) => change(user, { last_activity: at.toISOString() }),
    async unfinished() {
      const rows = await database.selectFrom('servers').selectAll().where('state', '!=', 'stopped').execute()
      return rows.map(toUnfinished)
    },
    async reasons() {
      const rows = await database
        .selectFrom('servers')
        .select(['user_id', 'user_name', 'reason'])
        .where('state', '=', 'stopped')
        .where('reason', 'is not', null)
        .execute()
      return rows.map((row) => ({ user: { id: row.user_id, name: row.user_name }, reason: row.reason ?? '' }))
    },
    async choiceOf(userId) {
      const row = await database
        .selectFrom('server_choices')
        .select('choice')
        .where('user_id', '=', userId)
        .executeTakeFirst()
      return row === undefined ? null : serverChoice.parse(JSON.parse(row.choice))
    },
    async choose(userId, choice) {
      await database
        .replaceInto('server_choices')
        .values({ user_id: userId, choice: JSON.stringify(choice) })
        .execute()
    },
    async forget(userId) {
      await database.deleteFrom('servers').where('user_id', '=', userId).execute()
      await database.deleteFrom('server_choices').where('user_id', '=', userId).execute()
    },
  }
}

function toUnfinished(row: ServersTable): UnfinishedRecord {
  return {
    user: { id: row.user_id, name: row.user_name },
    startId: row.start_id,
    spawner: row.spawner,
    secret: row.secret,
    basePath: row.base_path ?? `/user/${row.user_name}/`,
    choice: serverChoice.parse(JSON.parse(row.choice)),
    options: JSON.parse(row.options) as Record<string, unknown>,
    started: new Date(row.started),
    lastActivity: new Date(row.last_activity),
    running:
      row.handle === null || row.address === null
        ? null
        : { handle: JSON.parse(row.handle), address: JSON.parse(row.address) as Address },
  }
}
