import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream, readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { countOpenFiles, createGround, pieces, type Ground } from './space.fixture.ts'
import { createZip } from './zip.ts'
import type { ZipEntry } from './zip-record.ts'

/** What Python's zipfile finds, after checking every checksum. */
const inspect = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as file:
    assert len(sys.argv) > 2 or file.testzip() is None
    print(json.dumps([[i.filename, i.file_size, i.compress_type, oct(i.external_attr >> 16), i.date_time] for i in file.infolist()]))
`

async function save({ folder }: Ground, stream: Readable): Promise<string> {
  const path = join(folder, 'archive.zip')
  await pipeline(stream, createWriteStream(path))
  return path
}

function readWithPython(path: string, ...more: string[]): Array<[string, number, number, string, number[]]> {
  return JSON.parse(execFileSync('python3', ['-c', inspect, path, ...more], { encoding: 'utf8', maxBuffer: 2 ** 26 }))
}

test('holds a folder as it is, for unzip and for Python', async () => {
  const ground = await createGround()
  const { space, home, folder } = ground
  await mkdir(join(home, 'data/empty'), { recursive: true })
  await writeFile(join(home, 'data/zürich – 2025.csv'), 'year,cinemas\n'.repeat(1000))
  await writeFile(join(home, 'data/nothing'), '')
  await writeFile(join(home, 'data/plot.png'), randomBytes(300_000))
  await writeFile(join(home, 'data/run.sh'), '#!/bin/sh\n')
  await chmod(join(home, 'data/run.sh'), 0o755)
  await utimes(join(home, 'data/run.sh'), 1_000_000_000, 1_000_000_000)
  await writeFile(join(home, 'data/.hidden'), 'x')
  await writeFile(join(home, 'data/back\\slash'), 'x')
  await symlink('plot.png', join(home, 'data/link.png'))
  await symlink('.', join(home, 'data/round'))
  await symlink('/etc/passwd', join(home, 'data/out'))
  execFileSync('mkfifo', [join(home, 'data/fifo')])

  const zip = await save(ground, await space.archive('data'))
  expect(execFileSync('unzip', ['-t', zip], { encoding: 'utf8' })).toMatch(/No errors detected/)
  const entries = readWithPython(zip)
  expect(entries.map(([name]) => name)).toEqual([
    'data/',
    'data/back_slash',
    'data/link.png',
    'data/nothing',
    'data/plot.png',
    'data/run.sh',
    'data/zürich – 2025.csv',
    'data/empty/',
  ])
  expect(entries.find(([name]) => name === 'data/run.sh')).toEqual([
    'data/run.sh',
    10,
    0,
    '0o100755',
    [2001, 9, 9, 1, 46, 40],
  ])
  // Compressed where it helps.
  expect(entries.map(([, , method]) => method)).toEqual([0, 0, 0, 0, 0, 0, 8, 0])
  const target = join(folder, 'unpacked')
  const env = { LC_ALL: 'C.UTF-8', TZ: 'JST-9', PATH: process.env['PATH'] }
  execFileSync('unzip', ['-q', zip, '-d', target], { env })
  // The time is the same wherever it is unpacked.
  expect((await stat(join(target, 'data/run.sh'))).mtimeMs).toBe(1e12)
  execFileSync('cmp', [join(target, 'data/zürich – 2025.csv'), join(home, 'data/zürich – 2025.csv')])
  execFileSync('cmp', [join(target, 'data/link.png'), join(home, 'data/plot.png')])
  expect((await readdir(join(target, 'data/empty'))).toSorted()).toEqual([])

  const all = readWithPython(await save(ground, await space.archive('data', { hidden: true })))
  expect(all.map(([name]) => name)).toContain('data/.hidden')
})

test('may have more entries than 16 bits can count', async () => {
  const ground = await createGround()
  const zip = await save(ground, Readable.from(createZip(manyEntries(70_000)), { objectMode: false }))
  const found = readWithPython(zip)
  expect(found).toHaveLength(70_000)
  expect(found.at(-1)?.slice(0, 2)).toEqual(['f/69999', 5])
})

test('keeps little of each entry', async () => {
  const collect = createCollector()
  const kept: number[] = []
  async function* entries(): AsyncGenerator<ZipEntry> {
    for await (const entry of manyEntries(20_000)) {
      if (entry.name === 'f/1000' || entry.name === 'f/19999') kept.push(collect())
      yield entry
    }
  }
  const stream = Readable.from(createZip(entries()), { objectMode: false })
  await finished(stream.resume())
  const [early = 0, late = 0] = kept
  // A hostile user's million files must not fill the service's memory.
  expect((late - early) / 19_000).toBeLessThan(1000)
})

test('may have a file of more than 4 GiB and files after it', async () => {
  const ground = await createGround()
  const { space, home } = ground
  await mkdir(join(home, 'big'))
  await writeFile(join(home, 'big/a.dat'), '')
  await truncate(join(home, 'big/a.dat'), 4.5 * 1024 ** 3)
  await writeFile(join(home, 'big/b'), 'after')
  const zip = await save(ground, await space.archive('big'))
  const found = readWithPython(zip, 'without checksums')
  expect(found.map(([name, size]) => [name, size])).toEqual([
    ['big/', 0],
    ['big/a.dat', 4.5 * 1024 ** 3],
    ['big/b', 5],
  ])
  expect(execFileSync('python3', ['-m', 'zipfile', '-l', zip], { encoding: 'utf8' })).toMatch(/big\/b/)
  expect(execFileSync('unzip', ['-p', zip, 'big/b'], { encoding: 'utf8' })).toBe('after')
}, 300_000)

test('a reader who leaves frees everything', async () => {
  const { space, home } = await createGround()
  await mkdir(join(home, 'data'))
  for (let index = 0; index < 20; index++) await writeFile(join(home, `data/${index}.bin`), randomBytes(1_000_000))
  const before = await countOpenFiles()
  for (let round = 0; round < 5; round++) {
    const stream = await space.archive('data')
    let read = 0
    for await (const piece of stream) {
      read += (piece as Uint8Array).length
      if (read > round * 1_500_000) break
    }
  }
  const unread = await space.archive('data')
  unread.destroy()
  await expect.poll(countOpenFiles, { timeout: 30_000 }).toBe(before)
})

test('reads no faster than it is read', async () => {
  const { space, home } = await createGround()
  await mkdir(join(home, 'data'))
  for (let index = 0; index < 50; index++) await writeFile(join(home, `data/${index}.png`), randomBytes(1_000_000))
  const stream = await space.archive('data')
  stream.once('readable', () => undefined)
  await expect.poll(() => stream.readableLength).toBeGreaterThan(0)
  const before = countBytesRead()
  // Nobody takes anything: after some turns of the loop no more than the buffers was read.
  for (let turn = 0; turn < 2000; turn++) await new Promise(setImmediate)
  expect(countBytesRead() - before).toBeLessThan(5_000_000)
  stream.destroy()
})

async function* manyEntries(count: number): AsyncGenerator<ZipEntry> {
  for (let index = 0; index < count; index++) {
    yield { name: `f/${index}`, modified: new Date(0), mode: 0o644, compress: false, content: pieces(`${index}`) }
  }
}

/** Returns what tells the bytes in use once there is no garbage. */
function createCollector(): () => number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return () => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
}

/** All that this process ever read. */
function countBytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}
