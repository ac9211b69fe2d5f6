import { sql, type ExpressionBuilder, type ExpressionWrapper, type Kysely, type SqlBool, type Updateable } from 'kysely'
import { toShare, type Share } from './share.ts'
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

  /** The shares of a path and of everything below it. */
  async listWithin(owner: string, path: string): Promise<Share[]> {
    return this.#list((where) => where.and([where('owner', '=', owner), isWithin(where, path)]))
  }

  async count(owner: string): Promise<number> {
    const row = await this.#database
      .selectFrom('shares')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('owner', '=', owner)
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

  /** Gives the shares of `from` and of what is below it their new paths. */
  async move(owner: string, from: string, to: string): Promise<void> {
    await this.#database
      .updateTable('shares')
      .set({ path: sql<string>`${to} || substr(path, length(${from}) + 1)` })
      .where((where) => where.and([where('owner', '=', owner), isWithin(where, from)]))
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
