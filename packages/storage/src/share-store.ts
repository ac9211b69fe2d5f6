import { sql, type ExpressionBuilder, type ExpressionWrapper, type Kysely, type SqlBool, type Updateable } from 'kysely'
import { toShare, type EndReason, type Share, type SharedThing } from './share.ts'
import type { SharesTable, StorageTables } from './share-tables.ts'

/** The queries over shares, and nothing else. */
export class ShareStore {
  readonly #database: Kysely<StorageTables>

  constructor(database: Kysely<StorageTables>) {
    this.#database = database
  }

  async find(id: string): Promise<Share | undefined> {
    const row = await this.#database.selectFrom('shares').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : toShare(row)
  }

  async findByToken(token: string): Promise<Share | undefined> {
    const row = await this.#database.selectFrom('shares').selectAll().where('token', '=', token).executeTakeFirst()
    return row === undefined ? undefined : toShare(row)
  }

  async listOf(owner: string): Promise<Share[]> {
    return this.#list((where) => where('owner', '=', owner))
  }

  async listReceived(recipient: string): Promise<Share[]> {
    return this.#list((where) => where('recipient', '=', recipient))
  }

  /** Those that have not ended. */
  async listLive(): Promise<Share[]> {
    return this.#list((where) => where('ended', 'is', null))
  }

  /** The shares of a path and of everything below it that have not ended. */
  async listWithin(owner: string, path: string): Promise<Share[]> {
    return this.#list((where) =>
      where.and([where('owner', '=', owner), where('ended', 'is', null), isWithin(where, path)]),
    )
  }

  async count(owner: string): Promise<number> {
    const row = await this.#database
      .selectFrom('shares')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('owner', '=', owner)
      .where('ended', 'is', null)
      .executeTakeFirstOrThrow()
    return row.count
  }

  async insert(row: SharesTable): Promise<void> {
    await this.#database.insertInto('shares').values(row).execute()
  }

  async update(id: string, changes: Updateable<SharesTable>): Promise<void> {
    if (Object.keys(changes).length === 0) return
    await this.#database.updateTable('shares').set(changes).where('id', '=', id).execute()
  }

  /**
   * Says what a share is of, or where that is, unless something else was done with it meanwhile.
   * @param before - its identity until now; null for a share of before
   */
  async setThing(
    id: string,
    before: string | null,
    changes: Partial<SharedThing> & { path?: string },
  ): Promise<boolean> {
    const result = await this.#database
      .updateTable('shares')
      .set(changes)
      .where('id', '=', id)
      .where('identity', before === null ? 'is' : '=', before)
      .where('ended', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  }

  /** One thing of an owner was put in the place of another: its shares are of the new one. Returns them. */
  async succeed(owner: string, before: string, after: string): Promise<Share[]> {
    const rows = await this.#database
      .updateTable('shares')
      .set({ identity: after, handle: null })
      .where('owner', '=', owner)
      .where('identity', '=', before)
      .where('ended', 'is', null)
      .returningAll()
      .execute()
    return rows.map(toShare)
  }

  /** Ends a share for good, unless something else was done with it meanwhile; its recipient may use its name again. */
  async end(id: string, identity: string | null, why: EndReason): Promise<boolean> {
    const result = await this.#database
      .updateTable('shares')
      .set({ ended: new Date().toISOString(), ended_why: why, folder: null })
      .where('id', '=', id)
      .where('identity', identity === null ? 'is' : '=', identity)
      .where('ended', 'is', null)
      .executeTakeFirst()
    return result.numUpdatedRows > 0n
  }

  /** Forgets what ended before a time. */
  async forget(owner: string, before: Date): Promise<void> {
    await this.#database
      .deleteFrom('shares')
      .where('owner', '=', owner)
      .where('ended', '<', before.toISOString())
      .execute()
  }

  /** Gives the shares of `from` and of what is below it their new paths. */
  async move(owner: string, from: string, to: string): Promise<void> {
    await this.#database
      .updateTable('shares')
      .set({ path: sql<string>`${to} || substr(path, length(${from}) + 1)` })
      .where((where) => where.and([where('owner', '=', owner), where('ended', 'is', null), isWithin(where, from)]))
      .execute()
  }

  /** @returns false where it was gone already */
  async delete(id: string): Promise<boolean> {
    const result = await this.#database.deleteFrom('shares').where('id', '=', id).executeTakeFirst()
    return result.numDeletedRows > 0n
  }

  async deleteUser(userName: string): Promise<void> {
    await this.#database
      .deleteFrom('shares')
      .where((where) => where.or([where('owner', '=', userName), where('recipient', '=', userName)]))
      .execute()
  }

  async #list(filter: (where: Where) => ExpressionWrapper<StorageTables, 'shares', SqlBool>): Promise<Share[]> {
    const rows = await this.#database.selectFrom('shares').selectAll().where(filter).orderBy('created').execute()
    return rows.map(toShare)
  }
}

type Where = ExpressionBuilder<StorageTables, 'shares'>

/** Not LIKE, in which names with % and _ would match others, and which knows no upper and lower case in SQLite. */
function isWithin(where: Where, path: string): ExpressionWrapper<StorageTables, 'shares', SqlBool> {
  const prefix = `${path}/`
  return where.or([where('path', '=', path), where(sql<string>`substr(path, 1, length(${prefix}))`, '=', prefix)])
}
