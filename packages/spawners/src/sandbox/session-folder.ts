import { chown, mkdir, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { run } from './run.ts'

/** Where a session's own things lie on the host, below the service's runtime folder. */
export interface SessionFolder {
  /** Only the service enters it. */
  path: string
  /** What another process of the service needs to find and end the session. */
  record: string
  /** What bubblewrap writes of the session's beginning and end, one JSON document a line. */
  status: string
  /** The line of `/proc/<pid>/stat` that the launch began with; it leads the process group of what it started. */
  launch: string
  /** The session's own files of `/etc`. */
  etc: string
  environment: string
  log: string
  /**
   * Holds {@link inner} and {@link socket}. As root it is a small file system of its own, so that nobody fills the host's
   * with what they write into the session's runtime folder.
   */
  box: string
  /** `/run/cygnet` of the session, the user's own. */
  inner: string
  /** Where the user's server made its socket. The user may replace it at any time, so the service never connects there. */
  innerSocket: string
  /** The service's own name for the socket once it was checked, out of the user's reach. */
  socket: string
  /** A mount point for the home, where it is put together before the sandbox. */
  home: string
  /** Mount points for software that the user may change, where it is put together before the sandbox. */
  layers: string
}

/** `sun_path` of unix(7) has 108 bytes, with a closing zero. */
const longestSocketPath = 107
const boxSize = 64 * 1024 * 1024

export function sessionsFolder(runtimeDir: string): string {
  return join(runtimeDir, 'servers')
}

export function sessionFolder(runtimeDir: string, id: string): SessionFolder {
  const path = join(sessionsFolder(runtimeDir), id)
  const box = join(path, 'box')
  return {
    path,
    record: join(path, 'session.json'),
    status: join(path, 'status'),
    launch: join(path, 'launch.stat'),
    etc: join(path, 'etc'),
    environment: join(path, 'environment'),
    log: join(path, 'log'),
    box,
    inner: join(box, 'run'),
    innerSocket: join(box, 'run', 'server.sock'),
    socket: join(box, 'server.sock'),
    home: join(path, 'home'),
    layers: join(path, 'layers'),
  }
}

/** The ids of all sessions that have a folder. */
export async function listSessionFolders(runtimeDir: string): Promise<string[]> {
  try {
    return await readdir(sessionsFolder(runtimeDir))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

/** @throws CygnetError `conflict` where the id is taken, `internal` where the path is too long for a socket */
export async function reserveSessionFolder(folder: SessionFolder): Promise<void> {
  const length = Buffer.byteLength(folder.socket)
  if (length > longestSocketPath)
    throw new CygnetError(
      'internal',
      `The path of a unix socket has at most ${longestSocketPath} bytes; ${folder.socket} has ${length}.`,
      { mend: 'Give the service a shorter runtime folder.' },
    )
  await mkdir(join(folder.path, '..'), { recursive: true, mode: 0o700 })
  try {
    await mkdir(folder.path, { mode: 0o700 })
  } catch (cause) {
    if (!isSystemError(cause, 'EEXIST')) throw cause
    throw new CygnetError('conflict', `There is a session ${folder.path} already.`, { cause, mend: 'Use a fresh id.' })
  }
}

export async function makeFolders(folder: SessionFolder): Promise<void> {
  for (const path of [folder.etc, folder.box, folder.home, folder.layers]) await mkdir(path, { mode: 0o700 })
  await writeFile(folder.status, '', { mode: 0o600 })
}

/** @param owner - the user's uid, or null where users share the service's */
export async function makeBox(folder: SessionFolder, owner: number | null): Promise<void> {
  if (owner !== null) await mountBox(folder.box)
  await mkdir(folder.inner, { mode: 0o700 })
  if (owner !== null) await chown(folder.inner, owner, owner)
}

/** Removes it. Nothing of the session may be alive any more. */
export async function removeSessionFolder(folder: SessionFolder, isMounted: boolean): Promise<void> {
  if (isMounted) {
    const outcome = await run('umount', [folder.box])
    // Busy, or not mounted at all, which the removal below then does not mind.
    if (outcome.code !== 0) await run('umount', ['-l', folder.box])
  }
  const all = { recursive: true, force: true, maxRetries: 3 }
  try {
    await rm(folder.path, all)
  } catch (error) {
    if (!isSystemError(error, 'EACCES', 'EPERM')) throw error
    // The user may have closed folders of their own, which are the service's as well where both have one uid.
    await run('chmod', ['-R', 'u+rwX', folder.path])
    await rm(folder.path, all)
  }
}

/** The end of what the session printed, for people: no control characters, at most 2,000 of them. */
export async function readLastWords(folder: SessionFolder): Promise<string> {
  const latest = await readEnd(folder.log)
  const before = latest.length < 500 ? await readEnd(`${folder.log}.old`) : ''
  return stripVTControlCharacters(before + latest)
    .replaceAll(/[^\P{C}\n\t]/gu, '')
    .trim()
    .slice(-2000)
}

export async function readStatus(folder: SessionFolder): Promise<Record<string, unknown>> {
  const text = await readFile(folder.status, 'utf8').catch(() => '')
  const documents = text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>]
    } catch {
      return []
    }
  })
  return Object.assign({}, ...documents) as Record<string, unknown>
}

async function mountBox(box: string): Promise<void> {
  const options = `size=${boxSize},nr_inodes=16384,mode=755,nosuid,nodev`
  const outcome = await run('mount', ['-t', 'tmpfs', '-o', options, 'cygnet-session', box])
  if (outcome.code !== 0)
    throw new CygnetError(
      'unavailable',
      `A file system for the session could not be mounted: ${outcome.stderr.trim()}`,
      {
        mend: 'Root in a container needs CAP_SYS_ADMIN; or run the service as an ordinary user.',
      },
    )
}

async function readEnd(path: string, bytes = 4096): Promise<string> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, Math.max(0, size - bytes))
      return buffer.subarray(0, bytesRead).toString()
    } finally {
      await file.close()
    }
  } catch {
    return ''
  }
}
