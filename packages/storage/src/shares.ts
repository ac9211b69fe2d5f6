import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { Kysely } from 'kysely'
import { mapConcurrently } from './concurrent.ts'
import { checkExpiry, insertLink, insertUserShare, resolveShared, type ShareTarget } from './create-share.ts'
import type { Home, Homes } from './homes.ts'
import { createProof, isProof, LinkPasswords } from './link-password.ts'
import { createMountWatcher } from './mount-watcher.ts'
import { parsePath, shorten } from './names.ts'
import { createShareHolds, type ShareHolds } from './share-holds.ts'
import { isExpired, type Access, type LinkShare, type Share, type SharedKind, type UserShare } from './share.ts'
import { ShareStore } from './share-store.ts'
import type { StorageTables } from './share-tables.ts'
import { receivedFolder, type KindOptions } from './shared-space.ts'
import { SharedThings } from './shared-things.ts'
import { createThingWatcher, type ThingWatcher } from './thing-watcher.ts'
import { lookAt } from './identity.ts'
import type { Succeed } from './write.ts'

const lookups = 8
/** At one thing that is another one by the time it is watched. */
const looks = 5
/** Folders opened for the kinds of all shares of a list: a thousand that lie fifty deep. */
const mostSteps = 50_000

export interface SharesOptions {
  database: Kysely<StorageTables>
  homes: Homes
  isUser: (userName: string) => Promise<boolean>
  log: Logger
}

/** What is not named stays; null removes. */
export interface ShareChanges {
  password?: string | null | undefined
  expires?: Date | null | undefined
  access?: Access | undefined
}

export type WithKind<S extends Share> = S & { kind: SharedKind }

/** What someone shares with a user, for their sessions: plain data. */
export interface ShareMount {
  id: string
  /** The owner's home on the host, and what is shared below it: go there without following any symbolic link. */
  root: string
  path: string
  /** What must be at that path: see identity.ts. */
  identity: string
  /** Below the recipient's home. */
  target: string
  readOnly: boolean
  ownerUid: number | null
}

/** One try of a password, counted as failed unless it says otherwise. */
export interface Attempt {
  succeeded(): void
  /** The password was never checked. */
  withdrawn(): void
}

export type ShareListener = (change: { recipient: string }) => void

export function createShares(options: SharesOptions): Shares {
  return new Shares(options)
}

/** Who shares what with whom. Owners and recipients are user names; whoever calls has checked who they are. */
export class Shares {
  readonly #homes: Homes
  readonly #isUser: (userName: string) => Promise<boolean>
  readonly #store: ShareStore
  readonly #passwords = new LinkPasswords()
  readonly #listeners = new Set<ShareListener>()
  readonly #watcher: ReturnType<typeof createMountWatcher>
  readonly #holds: ShareHolds
  readonly #things: SharedThings
  readonly #thingWatcher: ThingWatcher
  readonly #log: Logger

  constructor(options: SharesOptions) {
    this.#homes = options.homes
    this.#isUser = options.isUser
    this.#store = new ShareStore(options.database)
    this.#log = options.log
    this.#thingWatcher = createThingWatcher({
      changed: (id) => void this.#lookAgain(id),
      log: options.log,
    })
    this.#things = new SharedThings({
      store: this.#store,
      homes: this.#homes,
      watcher: this.#thingWatcher,
      ended: (share) => {
        this.#holds.review(share.id)
        this.#notifyOf([share])
      },
      followed: (share) => this.#refreshWatch(share),
    })
    this.#holds = createShareHolds({ find: (id) => this.#store.find(id), log: options.log })
    this.#watcher = createMountWatcher({
      placesOf: (userName) => this.#placesOf(userName),
      changed: (recipient) => this.#notify([recipient]),
      log: options.log,
    })
  }

  /** @throws CygnetError `not-found` for the path or the user, `forbidden` for what others shared, `conflict` for a second time */
  async create(owner: string, path: string, to: ShareTarget, signal?: AbortSignal): Promise<WithKind<Share>> {
    const real = await resolveShared(this.#homes, owner, path, signal)
    if (to.type === 'user') await this.checkUser(to.name)
    const shared = { path: real, thing: await this.#things.describe(owner, real) }
    const id = await (to.type === 'link'
      ? insertLink(this.#store, owner, shared, to, (password) => this.#passwords.hash(owner, password, signal))
      : insertUserShare(this.#store, owner, shared, to))
    if (to.type === 'user') this.#notify([to.name])
    const share = await this.#find(id, () => true)
    if (!(await this.#things.watch(share))) await this.#lookAgain(id)
    return this.#withKind(share, { signal })
  }

  /** @throws CygnetError `not-found` */
  async checkUser(userName: string): Promise<void> {
    if (await this.#isUser(userName)) return
    throw new CygnetError('not-found', `There is no user “${shorten(userName)}”.`, { mend: 'Check the name.' })
  }

  /** What a user shares, oldest first: all of it, what has ended too; or that of what is at one path. */
  async listOf(owner: string, path?: string, signal?: AbortSignal): Promise<Array<WithKind<Share>>> {
    const shares = await this.#store.listOf(owner)
    if (path === undefined) return this.#withKinds(shares, signal)
    const real = await resolveShared(this.#homes, owner, path, signal).catch(() => path)
    const isPath = (share: Share): boolean => share.path === real || share.path === path
    const here = (await lookAt((await this.#homes.open(owner)).folder, parsePath(real)))?.identity
    const perhaps = shares.filter(
      (share) => share.ended === null && (isPath(share) || (here !== undefined && share.thing?.identity === here)),
    )
    return (await this.#withKinds(perhaps, signal)).filter((share) => share.ended === null && isPath(share))
  }

  async listReceived(recipient: string, signal?: AbortSignal): Promise<Array<WithKind<UserShare>>> {
    return this.#withKinds(await this.#received(recipient), signal)
  }

  /** @throws CygnetError `not-found` where it is not this user's to change */
  async update(owner: string, id: string, changes: ShareChanges, signal?: AbortSignal): Promise<WithKind<Share>> {
    const share = await this.#find(id, (found) => found.owner === owner)
    if ((await this.#things.settle(share, { signal })).share.ended !== null) throw ended()
    if (share.type === 'link') {
      if (changes.access !== undefined) throw new CygnetError('bad-request', 'A link can only be read.')
      if (changes.expires) checkExpiry(changes.expires)
      await this.#store.update(id, {
        ...(changes.password !== undefined && {
          password_hash: changes.password === null ? null : await this.#passwords.hash(owner, changes.password, signal),
        }),
        ...(changes.expires !== undefined && { expires: changes.expires?.toISOString() ?? null }),
      })
    } else {
      if (changes.password != null || changes.expires != null) {
        throw new CygnetError('bad-request', 'Only a link can have a password or an end.')
      }
      await this.#store.update(id, changes.access === undefined ? {} : { access: changes.access })
      this.#notify([share.recipient])
    }
    this.#holds.review(id)
    return this.#withKind(await this.#find(id, (found) => found.owner === owner), { signal })
  }

  /** Ends a share at once, for its owner or its recipient. @throws CygnetError `not-found` */
  async revoke(userName: string, id: string): Promise<void> {
    const share = await this.#find(id, (found) => found.owner === userName || recipientOf(found) === userName)
    if (!(await this.#store.delete(id))) throw unknownShare()
    this.#thingWatcher.delete(id)
    this.#holds.review(id)
    this.#notifyOf([share])
  }

  /** @throws CygnetError `not-found` where this was not shared with the user, or no longer; `gone` where it ended by itself */
  async findReceived(recipient: string, id: string): Promise<UserShare> {
    const share = await this.#find(id, (found) => recipientOf(found) === recipient)
    if (share.type !== 'user') throw unknownShare()
    return this.#live(share)
  }

  /** @throws CygnetError `not-found` where there never was such a link or it was revoked, `gone` once it expired or ended */
  async findLink(token: string): Promise<LinkShare> {
    const share = await this.#store.findByToken(token)
    if (share?.type !== 'link') {
      throw new CygnetError('not-found', 'There is no such link.', {
        mend: 'Check the address, or ask the one who sent it for a new link.',
      })
    }
    if (isExpired(share)) {
      throw new CygnetError('gone', 'This link has expired.', { mend: 'Ask the one who sent it for a new link.' })
    }
    return this.#live(share)
  }

  /** True where the link needs no password, or this is the proof that {@link unlock} gave. */
  isOpen(link: LinkShare, proof: string | undefined): boolean {
    return link.passwordHash === null || (proof !== undefined && isProof(link, proof))
  }

  /**
   * Checks a link's password and gives a proof of having known it, good until the password changes.
   * @param attempt - begins each real check, but not one of a password that was right a moment ago; throws to refuse it
   * @throws CygnetError `forbidden` for a wrong password, `rate-limited` and `unavailable` where too many wait for the check
   */
  async unlock(link: LinkShare, password: string, attempt: () => Attempt, signal?: AbortSignal): Promise<string> {
    if (!this.#passwords.isRemembered(link, password)) {
      const current = attempt()
      if (!(await this.#check(link, password, current, signal)))
        throw new CygnetError('forbidden', 'The password is wrong.')
      current.succeeded()
    }
    return createProof(link)
  }

  async #check(link: LinkShare, password: string, attempt: Attempt, signal?: AbortSignal): Promise<boolean> {
    try {
      return await this.#passwords.check(link, password, signal)
    } catch (error) {
      attempt.withdrawn()
      throw error
    }
  }

  async kindOf(share: Share, signal?: AbortSignal): Promise<SharedKind> {
    return (await this.#things.settle(share, { signal })).kind
  }

  /**
   * From now on looks after all that is shared: what becomes of it is noticed when it happens, and a save by any program
   * is told from a deletion. Resolves once all shares were looked at.
   */
  async follow(): Promise<void> {
    this.#thingWatcher.start()
    await mapConcurrently(await this.#store.listLive(), lookups, (share) => this.#lookAgain(share.id))
  }

  /** Something in a home has another path: the shares of it and of what is below follow. */
  async moved(owner: string, from: string, to: string): Promise<void> {
    // At the new path there may be shares of what was there once.
    const found = [...(await this.#store.listWithin(owner, from)), ...(await this.#store.listWithin(owner, to))]
    await this.#store.move(owner, from, to)
    await mapConcurrently(found, lookups, (share) => this.#lookAgain(share.id))
    this.#notifyOf(found)
  }

  /** Something in a home came, went or was replaced: sessions that hold on to the old one need the new. */
  async replaced(owner: string, path: string): Promise<void> {
    const found = await this.#store.listWithin(owner, path)
    const settled = await mapConcurrently(found, lookups, (share) => this.#things.settle(share))
    this.#notifyOf(settled.map(({ share }) => share).filter((share) => share.ended === null))
  }

  /** Does `work`, which puts one thing in a home in the place of another, as {@link SpaceListener} has it. */
  async succeed(owner: string, ...saving: Parameters<Succeed>): Promise<boolean> {
    return this.#things.succeed(owner, ...saving)
  }

  /** What others share with a user and is there. */
  async mountsOf(recipient: string): Promise<ShareMount[]> {
    const shares = (await this.#received(recipient)).filter(({ ended: at }) => at === null)
    const homes = await this.#homesOf(shares)
    const settled = await mapConcurrently(shares, lookups, (share) => this.#things.settle(share))
    const mounts: ShareMount[] = []
    for (const { share, kind } of settled) {
      const home = homes.get(share.owner)
      if (home === undefined || kind === 'missing' || share.thing === null) continue
      mounts.push({
        id: share.id,
        root: home.folder,
        path: share.path,
        identity: share.thing.identity,
        target: `${receivedFolder}/${share.folder}`,
        readOnly: share.access === 'read',
        ownerUid: home.owner?.uid ?? null,
      })
    }
    return mounts
  }

  /** Called when what a user receives started, changed or ended, or a thing was replaced by another. Returns its undoing. */
  onChange(listener: ShareListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** While a session of this user runs: also notices what is replaced on the disk. Again is no error. */
  async watch(userName: string): Promise<void> {
    await this.#watcher.watch(userName)
  }

  unwatch(userName: string): void {
    this.#watcher.unwatch(userName)
  }

  /** Ends what a user shares and receives. */
  async removeUser(userName: string): Promise<void> {
    const shares = await this.#store.listOf(userName)
    for (const share of shares) this.#thingWatcher.delete(share.id)
    const received = await this.#store.listReceived(userName)
    await this.#store.deleteUser(userName)
    for (const share of [...shares, ...received]) this.#holds.review(share.id)
    this.unwatch(userName)
    this.#notifyOf(shares)
  }

  /** For what goes on by a share: calls back when the share ends, expires or allows less. Returns its undoing. */
  hold(share: Share, end: () => void): () => void {
    return this.#holds.hold(share, end)
  }

  close(): void {
    this.#holds.close()
    this.#watcher.close()
    this.#thingWatcher.close()
    this.#listeners.clear()
  }

  async #received(recipient: string): Promise<UserShare[]> {
    return (await this.#store.listReceived(recipient)).filter((share) => share.type === 'user')
  }

  async #placesOf(recipient: string) {
    const shares = (await this.#received(recipient)).filter(({ ended: at }) => at === null)
    const homes = await this.#homesOf(shares)
    return shares.flatMap(({ owner, path }) => {
      const home = homes.get(owner)
      return home === undefined ? [] : [{ root: home.folder, path }]
    })
  }

  /** Without those that cannot be used now. */
  async #homesOf(shares: Share[]): Promise<Map<string, Home>> {
    const homes = new Map<string, Home>()
    await mapConcurrently([...new Set(shares.map((share) => share.owner))], lookups, async (owner) => {
      try {
        homes.set(owner, await this.#homes.open(owner))
      } catch (error) {
        if (!(error instanceof CygnetError)) throw error
      }
    })
    return homes
  }

  async #find(id: string, allowed: (share: Share) => boolean): Promise<Share> {
    const share = await this.#store.find(id)
    if (share === undefined || !allowed(share)) throw unknownShare()
    return share
  }

  async #live<S extends Share>(share: S): Promise<S> {
    const settled = await this.#things.settle(share)
    if (settled.share.ended !== null) throw ended()
    return settled.share
  }

  /** Something may have happened to what is shared. */
  async #lookAgain(id: string): Promise<void> {
    try {
      for (let attempt = 1; attempt <= looks; attempt++) {
        const share = await this.#store.find(id)
        if (share === undefined || share.ended !== null) return
        const settled = await this.#things.settle(share)
        if (settled.kind === 'missing') return this.#thingWatcher.delete(id)
        if (await this.#things.watch(settled.share)) return
      }
    } catch (error) {
      this.#log.warn({ err: error, share: id }, 'It cannot be told now what became of something shared.')
    }
  }

  #refreshWatch(share: Share): void {
    const recipient = recipientOf(share)
    if (recipient !== undefined) this.#watcher.refresh(recipient)
  }

  async #withKind<S extends Share>(share: S, options: KindOptions = {}): Promise<WithKind<S>> {
    const settled = await this.#things.settle(share, options)
    return { ...settled.share, kind: settled.kind }
  }

  async #withKinds<S extends Share>(shares: S[], signal: AbortSignal | undefined): Promise<Array<WithKind<S>>> {
    const options = { signal, budget: { steps: mostSteps } }
    return mapConcurrently(shares, lookups, (share) => this.#withKind(share, options), signal)
  }

  #notifyOf(shares: Share[]): void {
    this.#notify(shares.map(recipientOf).filter((name) => name !== undefined))
  }

  #notify(recipients: string[]): void {
    for (const recipient of new Set(recipients)) {
      this.#watcher.refresh(recipient)
      for (const listener of this.#listeners) listener({ recipient })
    }
  }
}

function recipientOf(share: Share): string | undefined {
  return share.type === 'user' ? share.recipient : undefined
}

function ended(): CygnetError {
  return new CygnetError('gone', 'What was shared is no longer there.', { mend: 'Ask its owner to share it again.' })
}

function unknownShare(): CygnetError {
  return new CygnetError('not-found', 'There is no such share.')
}
