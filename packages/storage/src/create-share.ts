import { randomBytes } from 'node:crypto'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { createId } from '@cygnet/core/ids'
import type { Homes } from './homes.ts'
import { withLock } from './lock.ts'
import { checkDepth, parsePath } from './names.ts'
import { createFolderNames } from './received-name.ts'
import type { Access, SharedThing } from './share.ts'
import type { ShareStore } from './share-store.ts'
import { openHomeSpace, receivedFolder } from './shared-space.ts'

/** Things one user can share at a time; more is a mistake or an attack on those who receive them. */
const mostShares = 1000
/** Of them with one other user, whose sessions mount them all. */
const mostWithOne = 100

export interface LinkTarget {
  type: 'link'
  password?: string | undefined
  expires?: Date | undefined
}

export interface UserTarget {
  type: 'user'
  name: string
  access: Access
}

export type ShareTarget = LinkTarget | UserTarget

/** What is to be shared, and where it is. */
export interface Shared {
  path: string
  thing: SharedThing
}

/**
 * The real path of what is to be shared: a link in it could lead elsewhere tomorrow.
 * @throws CygnetError `not-found`, `bad-request` for the whole home and what lies too deep, `forbidden` for what others shared
 */
export async function resolveShared(homes: Homes, owner: string, path: string, signal?: AbortSignal): Promise<string> {
  parsePath(path)
  const real = await openHomeSpace(await homes.open(owner, signal), { signal }).resolve(path)
  if (real === '') {
    throw new CygnetError('bad-request', 'Your whole home folder cannot be shared.', {
      mend: 'Choose a file or folder in it.',
    })
  }
  if (real === receivedFolder || real.startsWith(`${receivedFolder}/`)) {
    throw new CygnetError('forbidden', 'What others share with you cannot be shared onward.', {
      mend: 'Ask its owner to share it, or share a copy of yours.',
    })
  }
  checkDepth(parsePath(real))
  return real
}

/** @returns the share's id. @throws CygnetError `bad-request` for an end in the past, `conflict` for too many shares */
export async function insertLink(
  store: ShareStore,
  owner: string,
  shared: Shared,
  to: LinkTarget,
  hash: (password: string) => Promise<string>,
): Promise<string> {
  if (to.expires !== undefined) checkExpiry(to.expires)
  await checkCount(store, owner)
  const row = blank(owner, shared)
  await store.insert({
    ...row,
    // 144 bits: short enough to be read, too many to be guessed.
    token: randomBytes(18).toString('base64url'),
    password_hash: to.password === undefined ? null : await hash(to.password),
    expires: to.expires?.toISOString() ?? null,
  })
  return row.id
}

/** @returns the share's id. @throws CygnetError `bad-request` for oneself, `conflict` for a second time or too many shares */
export async function insertUserShare(
  store: ShareStore,
  owner: string,
  shared: Shared,
  to: UserTarget,
): Promise<string> {
  if (to.name === owner) throw new CygnetError('bad-request', 'This is yours already.')
  return withLock(`shares of ${owner}`, () => insertCounted(store, owner, shared, to))
}

async function insertCounted(store: ShareStore, owner: string, shared: Shared, to: UserTarget): Promise<string> {
  const { path, thing } = shared
  await checkCount(store, owner)
  const received = await store.listReceived(to.name)
  const before = received.filter((share) => share.owner === owner && share.ended === null)
  if (before.some((share) => share.thing?.identity === thing.identity)) {
    throw new CygnetError('conflict', `You share this with ${to.name} already.`, {
      mend: 'Change that share, or end it first.',
    })
  }
  if (before.length >= mostWithOne) {
    throw new CygnetError('conflict', `You share ${mostWithOne} things with ${to.name} already.`, {
      mend: 'Share a folder that holds them, or end some shares first.',
    })
  }
  const row = { ...blank(owner, shared), recipient: to.name, access: to.access }
  const taken = new Set(received.map((share) => (share.type === 'user' ? share.folder : '')))
  for (const folder of createFolderNames(path.slice(path.lastIndexOf('/') + 1), owner)) {
    if (taken.has(folder)) continue
    try {
      await store.insert({ ...row, folder })
      break
    } catch (error) {
      // Someone else shared something of that name with the same user a moment ago.
      if (!isSystemError(error, 'SQLITE_CONSTRAINT_UNIQUE', '23505')) throw error
    }
  }
  return row.id
}

/** @throws CygnetError `bad-request` for a time that is past */
export function checkExpiry(expires: Date): void {
  if (expires > new Date()) return
  throw new CygnetError('bad-request', `The link would have expired at ${expires.toISOString()} already.`, {
    mend: 'Choose a time to come.',
  })
}

async function checkCount(store: ShareStore, owner: string): Promise<void> {
  if ((await store.count(owner)) < mostShares) return
  throw new CygnetError('conflict', `You share ${mostShares} things already.`, { mend: 'End some shares first.' })
}

function blank(owner: string, { path, thing }: Shared) {
  const none = { recipient: null, access: null, folder: null, token: null, password_hash: null, expires: null }
  const lasting = { ended: null, ended_why: null }
  return { id: createId(), owner, path, created: new Date().toISOString(), ...none, ...lasting, ...thing }
}
