import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readlink, realpath, rename, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { userName as userNameSchema } from '@cygnet/core/user-name'
import { diskCallsOf } from './disk-calls.ts'
import type { Owner } from './ownership.ts'

/** A user's home folder, the root of their tree. */
export interface Home {
  userName: string
  /** On the host; only the service can change this path. */
  folder: string
  /** As the user's sessions see it. */
  seenAs: string
  owner: Owner | null
}

export interface Homes {
  /**
   * The home, made where there is none yet: mode 0700, the user's own.
   * @throws CygnetError `not-found` for an unknown user, `unavailable` where it belongs to another uid or its disk hangs
   */
  open(userName: string, signal?: AbortSignal): Promise<Home>
  /** Moves the home away, to `.removed/<name>-<time>`, so that a later user of this name gets a fresh one. Without one it is no error. */
  setAside(userName: string): Promise<void>
}

export interface HomesOptions {
  /** The folder of all homes. */
  folder: string
  /** Whom a user's files belong to: null where all belong to the service, undefined where there is no such user. */
  ownerOf(userName: string): Promise<Owner | null | undefined>
}

export function createHomes(options: HomesOptions): Homes {
  return {
    async open(userName, signal) {
      const owner = userNameSchema.safeParse(userName).success ? await options.ownerOf(userName) : undefined
      if (owner === undefined) throw new CygnetError('not-found', 'There is no such user.')
      const folder = join(options.folder, userName)
      const title = `${userName}’s home`
      const named = diskCallsOf(folder, title)
      const place = await named.answer(() => named.run(() => findPlace(folder, userName), signal))
      const calls = diskCallsOf(place, title)
      await calls.answer(() => calls.run(() => ensureHome(options.folder, place, userName, owner), signal))
      return { userName, folder: place, owner, seenAs: `/home/${userName}` }
    },
    async setAside(userName) {
      userNameSchema.parse(userName)
      const removed = join(options.folder, '.removed')
      await mkdir(removed, { recursive: true, mode: 0o700 })
      const when = new Date().toISOString().replaceAll(/[:.]/g, '-')
      try {
        await rename(join(options.folder, userName), join(removed, `${userName}-${when}`))
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) throw error
      }
    },
  }
}

/**
 * Where a home is. Only who runs the service can make links in the folder of all homes: one there means that the home lies
 * elsewhere. It is followed here, once; where it leads is a path without links.
 */
async function findPlace(folder: string, userName: string): Promise<string> {
  const stats = await lstat(folder).catch(unlessMissing)
  if (stats?.isSymbolicLink() !== true) return folder
  const place = await realpath(folder).catch(unlessMissing)
  if (place !== undefined) return place
  // Its disk may be away for a while: an empty home in its place would be taken for the loss of everything.
  const target = await readlink(folder)
  throw unusable(
    userName,
    `is a link to ${target}, which is not there`,
    `Mount or make ${target}, or remove ${folder}.`,
  )
}

function unlessMissing(error: unknown): undefined {
  if (!isSystemError(error, 'ENOENT')) throw error
}

async function ensureHome(homes: string, folder: string, userName: string, owner: Owner | null): Promise<void> {
  if (await isHome(folder, userName, owner)) return
  await mkdir(homes, { recursive: true, mode: 0o711 })
  // Beside first, so that nobody sees a home that is not yet its user's.
  const temporary = join(homes, `.new-${randomBytes(9).toString('hex')}`)
  await mkdir(temporary, { mode: 0o700 })
  try {
    await chmod(temporary, 0o700)
    if (owner !== null) await chown(temporary, owner.uid, owner.gid)
    await rename(temporary, folder)
  } catch (error) {
    await rmdir(temporary).catch(() => undefined)
    // Someone else made it meanwhile.
    if (!isSystemError(error, 'ENOTEMPTY', 'EEXIST')) throw error
  }
}

async function isHome(folder: string, userName: string, owner: Owner | null): Promise<boolean> {
  try {
    const stats = await lstat(folder)
    if (!stats.isDirectory()) throw unusable(userName, 'is no folder', `Move ${folder} away.`)
    if (owner === null || stats.uid === owner.uid) return true
    throw unusable(
      userName,
      `belongs to uid ${stats.uid} instead of ${owner.uid}`,
      `An administrator gives it to its user with: chown -R ${owner.uid}:${owner.gid} ${folder}`,
    )
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

function unusable(userName: string, why: string, mend: string): CygnetError {
  return new CygnetError('unavailable', `The home folder of ${userName} ${why}.`, { mend })
}
