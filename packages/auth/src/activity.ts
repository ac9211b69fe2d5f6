import type { Kysely } from 'kysely'
import type { Identity } from './identities.ts'
import type { AuthTables } from './tables.ts'

const writeEvery = 30_000

export interface Activity {
  /** A session or a token was used. */
  note(identity: Identity, time: number): void
  /** A user did something, or their server did. */
  noteUser(user: number, time: number): void
  close(): Promise<void>
}

export interface ActivityOptions {
  database: Kysely<AuthTables>
  sessionLifetime: number
  onError: (error: unknown) => void
}

interface Noted {
  users: Map<number, number>
  sessions: Map<string, number>
  tokens: Map<string, number>
}

/** Collects when users, sessions and tokens were last active and writes it every half minute: no request waits for it. */
export function createActivity({ database, sessionLifetime, onError }: ActivityOptions): Activity {
  let users = new Map<number, number>()
  let sessions = new Map<string, number>()
  let tokens = new Map<string, number>()
  const timer = setInterval(() => void write().catch(onError), writeEvery)
  timer.unref()

  return {
    note({ via, credential }, time) {
      if (via === 'cookie') sessions.set(credential, time)
      else tokens.set(credential, time)
    },
    noteUser(user, time) {
      if (time > (users.get(user) ?? 0)) users.set(user, time)
    },
    async close() {
      clearInterval(timer)
      await write()
    },
  }

  async function write(): Promise<void> {
    if (users.size + sessions.size + tokens.size === 0) return
    const noted = { users, sessions, tokens }
    users = new Map()
    sessions = new Map()
    tokens = new Map()
    try {
      await save(noted)
    } catch (error) {
      // The next time tries again. What was noted meanwhile is newer.
      users = new Map([...noted.users, ...users])
      sessions = new Map([...noted.sessions, ...sessions])
      tokens = new Map([...noted.tokens, ...tokens])
      throw error
    }
  }

  async function save(noted: Noted): Promise<void> {
    await database.transaction().execute(async (writing) => {
      for (const [id, time] of noted.users)
        await writing
          .updateTable('users')
          .set({ last_activity: toText(time) })
          .where('id', '=', id)
          // A server may tell of a time before its user last did something.
          .where((where) => where.or([where('last_activity', 'is', null), where('last_activity', '<', toText(time))]))
          .execute()
      for (const [hash, time] of noted.sessions) {
        const expires = toText(time + sessionLifetime)
        await writing.updateTable('sign_in_sessions').set({ expires }).where('hash', '=', hash).execute()
      }
      for (const [id, time] of noted.tokens)
        await writing
          .updateTable('tokens')
          .set({ last_activity: toText(time) })
          .where('id', '=', id)
          .execute()
    })
  }
}

function toText(time: number): string {
  return new Date(time).toISOString()
}
