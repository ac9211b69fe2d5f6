import { randomBytes } from 'node:crypto'
import { constants, chown, mkdir, open, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { InstalledRelease } from './python-release.ts'
import { run } from './run.ts'

/** What one user has installed over one release. */
export interface OwnPackages {
  /** `<release>-<key>`. */
  id: string
  release: string
  /** On disk; null where it took too long to tell. */
  bytes: number | null
  /** Whether sessions see it: another build of the release has packages of its own, which this is no part of. */
  isCurrent: boolean
  /** By name; what the release has in the same version is left out. */
  packages: Array<{ name: string; version: string }>
}

/** Folders of one user and one release, the user's own. */
export interface OwnPlace {
  /** Over the release: what was changed, and the file system's own folder. */
  layer: { upper: string; work: string }
  /** Beside the release: an environment, where no layer can be had. */
  environment: string
}

/** Keeps what users install themselves, outside of their sessions' reach. */
export interface OwnPackagesStore {
  /** Where it all lies. */
  readonly folder: string
  /** The place, made where it is not there yet. */
  open(user: { name: string; uid: number | null }, release: InstalledRelease): Promise<OwnPlace>
  /** What is there and not empty, newest release first. */
  list(userName: string, releases: InstalledRelease[], signal: AbortSignal): Promise<OwnPackages[]>
  /** Removes it for all time; the user's server must not run. @throws CygnetError `not-found` */
  reset(userName: string, id: string): Promise<void>
  /** Removes what a reset that was broken off has left. */
  sweep(): Promise<void>
  /** Moves all of a user's away, so that a later one of this name finds nothing. Without any it is no error. */
  setAside(userName: string): Promise<void>
}

const duMilliseconds = 20_000
const removalMilliseconds = 600_000
const doomedPrefix = '.doomed-'
const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants

/** @param folder - on the disk of the homes, for it is the users' own; made where it is missing */
export function createOwnPackages(folder: string): OwnPackagesStore {
  return {
    folder,
    async open(user, release) {
      const top = join(folder, user.name, toId(release))
      await mkdir(top, { recursive: true, mode: 0o700 })
      const layer = { upper: join(top, 'upper'), work: join(top, 'work') }
      const environment = join(top, 'environment')
      for (const path of [layer.upper, layer.work, environment]) await makeOwn(path, user.uid)
      return { layer, environment }
    },
    async list(userName, releases, signal) {
      const ids = await namesIn(join(folder, userName))
      const all = await Promise.all(
        ids
          .toSorted()
          .toReversed()
          .map((id) => describe(join(folder, userName), id, releases, signal)),
      )
      return all.filter((one) => one !== null)
    },
    async reset(userName, id) {
      const ids = await namesIn(join(folder, userName))
      if (!ids.includes(id))
        throw new CygnetError('not-found', `There are no packages of yours over ${id.slice(0, 100)}.`)
      const doomed = join(folder, `${doomedPrefix}${randomBytes(9).toString('hex')}`)
      await rename(join(folder, userName, id), doomed)
      await remove(doomed)
    },
    async sweep() {
      const names = await readdir(folder).catch(() => [])
      for (const name of names) if (name.startsWith(doomedPrefix)) await remove(join(folder, name))
    },
    async setAside(userName) {
      const removed = join(folder, '.removed')
      await mkdir(removed, { recursive: true, mode: 0o700 })
      const when = new Date().toISOString().replaceAll(/[:.]/g, '-')
      try {
        await rename(join(folder, userName), join(removed, `${userName}-${when}`))
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) throw error
      }
    },
  }
}

function toId({ id, key }: InstalledRelease): string {
  return `${id}-${key}`
}

async function makeOwn(path: string, uid: number | null): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 })
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return
    throw error
  }
  if (uid !== null) await chown(path, uid, uid)
}

async function describe(
  folder: string,
  id: string,
  releases: InstalledRelease[],
  signal: AbortSignal,
): Promise<OwnPackages | null> {
  const release = releases.find((one) => id === toId(one))
  const known = new Set(release === undefined ? [] : await readdir(join(release.root, release.packages)))
  const top = join(folder, id)
  const [upper, environment] = [join(top, 'upper'), join(top, 'environment')]
  const packages = [...(await packagesIn(upper, known)), ...(await packagesIn(environment, known))]
  if (packages.length === 0 && !(await isChanged(upper, signal))) return null
  return {
    id,
    release: id.slice(0, id.lastIndexOf('-')),
    isCurrent: release !== undefined,
    bytes: await sizeOf([upper, environment], signal),
    packages: packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** Whether something of the release was changed or taken away; what Python has compiled is no change. */
async function isChanged(upper: string, signal: AbortSignal): Promise<boolean> {
  const matters = ['-mindepth', '1', '-not', '-type', 'd', '-not', '-path', '*/__pycache__/*', '-not', '-name', '.*']
  const patience = AbortSignal.any([signal, AbortSignal.timeout(duMilliseconds)])
  return (await run('find', [upper, ...matters, '-print', '-quit'], { signal: patience })).length > 0
}

/** What the user put there is hostile ground: nothing leads out of it. */
async function packagesIn(top: string, known: Set<string>): Promise<Array<{ name: string; version: string }>> {
  const lib = await listBelow(top, ['lib'])
  const python = lib.find((name) => /^python3\.\d+$/.test(name))
  if (python === undefined) return []
  const names = await listBelow(top, ['lib', python, 'site-packages'])
  return names.flatMap((file) => {
    if (known.has(file)) return []
    const [, name, version] = /^([\w.]{1,100})-([\w.+!]{1,60})\.dist-info$/.exec(file) ?? []
    return name === undefined || version === undefined ? [] : [{ name: name.replaceAll('_', '-'), version }]
  })
}

/** The names of the folders in a folder below another, without following a link on the way; none where it is not there. */
async function listBelow(top: string, parts: string[]): Promise<string[]> {
  let handle = await open(top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    for (const part of parts) {
      const next = await open(`/proc/self/fd/${handle.fd}/${part}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      await handle.close()
      handle = next
    }
    // What was taken away of the release leaves a device of the same name.
    const entries = await readdir(`/proc/self/fd/${handle.fd}/.`, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) return []
    throw error
  } finally {
    await handle.close()
  }
}

async function sizeOf(folders: string[], signal: AbortSignal): Promise<number | null> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(duMilliseconds)])
  try {
    const lines = await run('du', ['-s', '-x', '-B1', '-c', ...folders], { signal: patience })
    return Number.parseInt(lines.at(-1) ?? '', 10)
  } catch {
    signal.throwIfAborted()
    return null
  }
}

async function remove(folder: string): Promise<void> {
  // What the user closed, and the file system's own folder, are closed to a service that is no root.
  if (process.getuid?.() !== 0)
    await run('chmod', ['-R', 'u+rwX', folder], { signal: AbortSignal.timeout(60_000) }).catch(() => [])
  // Not by Node, which goes by whole paths: the user may have laid folders deeper than a path may be long.
  await run('rm', ['-rf', '--one-file-system', folder], { signal: AbortSignal.timeout(removalMilliseconds) })
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
