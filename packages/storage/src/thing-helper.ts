import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { CygnetError } from '@cygnet/core/errors'
import { toFileBytes, toFileName } from '@cygnet/core/file-name'
import { withLock } from './lock.ts'

const helper = fileURLToPath(new URL('things.py', import.meta.url))
const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Longer than the longest search. */
const patienceMilliseconds = 60_000

/** How a thing is known again. */
export interface Marked {
  identity: string
  /** The kernel's own name of it; null where the file system gives none. */
  handle: string | null
  /** What its extended attribute `user.cygnet.id` holds; null where none can be kept. */
  mark: string | null
}

/** Where a thing is now. */
export type Place =
  /** Below the folder that was searched. */
  | { at: 'inside'; path: string }
  | { at: 'outside' }
  | { at: 'nowhere' }
  /** It was not looked for, or not to the end. */
  | { at: 'unknown' }

export type Found = Place & {
  /** What stands at the path at which it was looked for. */
  here: (Marked & { kind: 'file' | 'folder' | 'other' }) | null
}

/** Gives what is at `path` a mark of its own. Undefined where there is nothing. @throws CygnetError `unavailable` */
export async function markThing(root: string, path: string, mark: string): Promise<Marked | undefined> {
  const answer = (await ask('mark', { root, path: toBase64(path), mark })) as Marked | { identity: null }
  return answer.identity === null ? undefined : answer
}

/**
 * Looks at what is at `path` below `root` now and, where that is wanted, for a thing that was there once.
 * @throws CygnetError `unavailable`
 */
export async function findThing(
  root: string,
  path: string,
  { identity, handle }: { identity: string; handle: string | null },
  search: boolean,
): Promise<Found> {
  const found = (await ask('find', { root, path: toBase64(path), identity, handle, search })) as Found
  return found.at === 'inside' ? { ...found, path: toFileName(Buffer.from(found.path, 'base64')) } : found
}

/** A path as the helper takes it. */
export function toBase64(path: string): string {
  return toFileBytes(path).toString('base64')
}

export type Helper = ChildProcessByStdio<Writable, Readable, Readable>

/** Starts the helper; isolated from what its user has set up for Python. */
export function startHelper(mode: 'mark' | 'find' | 'watch', signal?: AbortSignal): Helper {
  return spawn('python3', ['-I', '-S', helper, mode], {
    cwd: '/',
    env: { PATH: systemPath, LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal !== undefined && { signal, killSignal: 'SIGKILL' }),
  })
}

/** Each is a process of its own: more at a time would only wait for one another. */
const mostAtOnce = 4
let turn = 0

async function ask(mode: 'mark' | 'find', request: object): Promise<unknown> {
  turn = (turn + 1) % mostAtOnce
  return withLock(`things ${turn}`, () => run(mode, request))
}

async function run(mode: 'mark' | 'find', request: object): Promise<unknown> {
  const child = startHelper(mode, AbortSignal.timeout(patienceMilliseconds))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(JSON.stringify(request))
  try {
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
    if (code === 0) return JSON.parse(stdout)
    throw new Error(stderr.trim().split('\n').at(-1) ?? `things.py ended with ${code}`)
  } catch (error) {
    throw new CygnetError('unavailable', 'What is shared cannot be looked for now.', { cause: error })
  }
}
