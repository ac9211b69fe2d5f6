import { lstat as lstatWithCallback, type BigIntStats, type Dir, type Stats } from 'node:fs'
import { constants, open, opendir, readlink, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { toFileName, toFilePath } from '@cygnet/core/file-name'
import { diskCallsOf, type DiskCalls } from './disk-calls.ts'

// Not among Node's constants; the same on x86-64 and arm64. The handle names the thing without opening it, so a FIFO
// does not wait, a device does not act, and permission to read is not needed.
const O_PATH = 0x20_0000
/** Entries fetched in one go. */
const bufferSize = 1024
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

// A third faster than the one of fs/promises, which counts in folders of thousands.
const lstat = promisify(lstatWithCallback)

/**
 * A folder that is held open, so that what happens below it happens in this folder, whatever is renamed meanwhile.
 *
 * Names are text, as {@link toFileName} makes it of any bytes.
 *
 * Node has no `openat`; a path through `/proc/self/fd/<n>/<name>` is the same: the kernel goes straight to the held
 * folder and then looks up one name. Every call must be awaited before the folder is disposed of, as the number may be
 * another file's afterwards.
 *
 * Whatever is done in it passes {@link run} or {@link finish}, so that a disk that hangs takes few of the process's threads.
 */
export class Directory implements AsyncDisposable {
  readonly #handle: FileHandle
  readonly #calls: DiskCalls
  readonly #signal: AbortSignal | undefined

  private constructor(handle: FileHandle, calls: DiskCalls, signal: AbortSignal | undefined) {
    this.#handle = handle
    this.#calls = calls
    this.#signal = signal
  }

  /**
   * Opens a folder by a path that only the service can change. The last component may not be a symbolic link.
   *
   * @param signal - ends the waiting of calls in it and in what is opened from it
   */
  static async open(path: string, signal?: AbortSignal): Promise<Directory> {
    const calls = diskCallsOf(path)
    const handle = await calls.run(() => open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW), signal)
    return new Directory(handle, calls, signal)
  }

  /** Makes calls by paths of {@link at}, one after the other: see {@link DiskCalls.run}. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#calls.run(work, this.#signal)
  }

  /** As {@link run}, for what must be done in the end. */
  finish<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#calls.finish(work)
  }

  /** An open file of this folder, its calls made as the folder's are. */
  file(handle: FileHandle, use: 'read' | 'write'): FileHandle {
    return this.#calls.file(handle, use, this.#signal)
  }

  /** A path to `name` in this folder, good while it is held; `.` is the folder itself. The name is never followed here. */
  at(name: string): string | Buffer {
    return toFilePath(`/proc/self/fd/${this.#handle.fd}/${name}`)
  }

  /** @throws `ENOTDIR` for what is no folder, a symbolic link included */
  async openFolder(name: string): Promise<Directory> {
    const handle = await this.run(() => open(this.at(name), O_PATH | O_DIRECTORY | O_NOFOLLOW))
    return new Directory(handle, this.#calls, this.#signal)
  }

  /**
   * Opens an ordinary file for reading, or for writing without a change to it; undefined for anything else, and for one that
   * `accept` refuses: nothing is opened then, not even a FIFO.
   */
  async openFile(
    name: string,
    use: 'read' | 'write' = 'read',
    accept: (stats: Stats) => boolean = () => true,
  ): Promise<{ handle: FileHandle; stats: Stats } | undefined> {
    return this.run(async () => {
      await using thing = await open(this.at(name), O_PATH | O_NOFOLLOW)
      const found = await thing.stat()
      if (!found.isFile() || !accept(found)) return undefined
      const handle = await open(`/proc/self/fd/${thing.fd}`, (use === 'read' ? O_RDONLY : O_WRONLY) | O_NONBLOCK)
      try {
        return { handle: this.file(handle, use), stats: await handle.stat() }
      } catch (error) {
        await handle.close()
        throw error
      }
    })
  }

  /** What `name` is, without following it; undefined where there is nothing. */
  async look(name: string): Promise<Stats | undefined> {
    try {
      return await this.run(() => lstat(this.at(name)))
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** As {@link look}, with all that tells one thing from another. */
  async lookExactly(name: string): Promise<BigIntStats | undefined> {
    try {
      return await this.run(() => lstat(this.at(name), { bigint: true }))
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** Where a symbolic link points; undefined for anything else, also for nothing. */
  async readLink(name: string): Promise<string | undefined> {
    try {
      return toFileName(await this.run(() => readlink(this.at(name), { encoding: 'buffer' })))
    } catch (error) {
      if (isSystemError(error, 'EINVAL', 'ENOENT', 'ENOTDIR')) return undefined
      throw error
    }
  }

  /** All names, in no order. @throws CygnetError `too-large` where there are more than `most`, having read no more */
  async names(most: number, signal?: AbortSignal): Promise<string[]> {
    const names: string[] = []
    for await (const name of this.#read()) {
      signal?.throwIfAborted()
      if (names.length === most) {
        throw new CygnetError('too-large', `The folder has more than ${most} entries.`, {
          mend: 'Sort them into several folders.',
        })
      }
      names.push(name)
    }
    return names
  }

  /** Up to `most` names. */
  async someNames(most: number): Promise<string[]> {
    const names: string[] = []
    for await (const name of this.#read()) {
      names.push(name)
      if (names.length === most) break
    }
    return names
  }

  async *#read(): AsyncGenerator<string> {
    // The types of Node know only text here.
    const options = { bufferSize, encoding: 'buffer' as BufferEncoding }
    const entries = await this.run(() => opendir(this.at('.'), options))
    try {
      for (;;) {
        const some = await this.run(() => readSome(entries))
        for (const name of some) yield toFileName(name)
        if (some.length < bufferSize) return
      }
    } finally {
      await this.finish(() => entries.close())
    }
  }

  async stat(): Promise<Stats> {
    return this.run(() => this.#handle.stat())
  }

  async statExactly(): Promise<BigIntStats> {
    return this.run(() => this.#handle.stat({ bigint: true }))
  }

  /** Puts what was created, renamed or removed in this folder on the disk. */
  async sync(): Promise<void> {
    await this.run(async () => {
      await using readable = await open(this.at('.'), O_RDONLY | O_DIRECTORY)
      await readable.sync()
    })
  }

  /** No disk is asked for that: the handle is one by which nothing can be read. */
  async close(): Promise<void> {
    await this.#handle.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function readSome(entries: Dir): Promise<Buffer[]> {
  const names: Buffer[] = []
  while (names.length < bufferSize) {
    const entry = await entries.read()
    if (entry === null) break
    names.push(entry.name as unknown as Buffer)
  }
  return names
}
