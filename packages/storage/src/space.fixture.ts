import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Owner } from './ownership.ts'
import type { OpenFile } from './read.ts'
import { openSpace, type Space, type SpaceOptions } from './space.ts'

/** Only root can give files away; elsewhere the tests of it have nothing to see. */
export const isRoot = process.getuid?.() === 0
export const ann: Owner | null = isRoot ? { uid: 301_001, gid: 301_001 } : null

export interface Ground {
  /** A folder of the test's own, with a home in it and things beside. */
  folder: string
  home: string
  space: Space
  open: (options?: Partial<SpaceOptions>) => Space
}

/** A home on the real disk (or below `parent`), and something beside it that must stay unseen. */
export async function createGround(parent = tmpdir()): Promise<Ground> {
  const folder = await mkdtemp(join(parent, 'cygnet-storage-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const home = join(folder, 'ann')
  await mkdir(home, { mode: 0o700 })
  if (ann !== null) await chown(home, ann.uid, ann.gid)
  const open = (options: Partial<SpaceOptions> = {}): Space =>
    openSpace({ folder: home, seenAs: '/home/ann', owner: ann, title: 'ann', reserved: 'Shared with me', ...options })
  return { folder, home, space: open(), open }
}

/** Bytes as a stream, in pieces. */
export async function* pieces(...parts: Array<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function readText(space: Space, path: string): Promise<string> {
  return (await readFileOf(space, path)).toString()
}

export async function readFileOf(space: Space, path: string, start?: number, end?: number): Promise<Buffer> {
  await using file = await space.open(path)
  return await copyOut(file, start, end)
}

/** The chunks are copied, as their memory is used again. */
export async function copyOut(file: OpenFile, start?: number, end?: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  const target = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      setImmediate(done)
    },
  })
  await file.copyTo(target, start, end)
  return Buffer.concat(chunks)
}

/** A signal that is aborted after so many looks at it: in the middle of the work, however fast that goes. */
export function createCountedSignal(looks = Infinity): { signal: AbortSignal; count: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  let count = 0
  signal.throwIfAborted = () => {
    count += 1
    if (count > looks) controller.abort(new Error('The client left.'))
    AbortSignal.prototype.throwIfAborted.call(signal)
  }
  return { signal, count: () => count }
}

export async function countOpenFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}
