import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { createGround, pieces, readText, type Ground } from './space.fixture.ts'

/** As Latin 1 wrote it, in a folder of the same kind. */
const folderBytes = Buffer.from('\xfcbung', 'latin1')
const folder = '‛FCbung'
const file = 'caf‛E9.txt'

function at(home: string, ...names: Array<string | Buffer>): Buffer {
  return Buffer.concat(
    names.flatMap((name) => [Buffer.from('/'), Buffer.from(name)]).toSpliced(0, 0, Buffer.from(home)),
  )
}

async function createOldArchive({ home }: Ground): Promise<void> {
  await mkdir(at(home, folderBytes, 'sub'), { recursive: true })
  await writeFile(at(home, folderBytes, Buffer.from('caf\xe9.txt', 'latin1')), 'old')
  await writeFile(at(home, folderBytes, 'café.txt'), 'new')
  await writeFile(at(home, folderBytes, 'caf‛E9.txt'), 'looks like it')
  await symlink(Buffer.from('caf\xe9.txt', 'latin1'), at(home, folderBytes, 'link'))
}

async function bytesIn(path: string | Buffer): Promise<string[]> {
  return (await readdir(path, { encoding: 'buffer' })).map((name) => name.toString('latin1')).toSorted()
}

test('what is no UTF-8 is listed, read, written, renamed, moved and deleted', async () => {
  const ground = await createGround()
  const { space, home } = ground
  await createOldArchive(ground)
  expect((await space.list('')).map(({ name }) => name)).toEqual([folder])
  const names = (await space.list(folder)).map(({ name }) => name)
  expect(names.toSorted()).toEqual([file, 'caf‛E2‛80‛9BE9.txt', 'café.txt', 'link', 'sub'].toSorted())
  expect(await readText(space, `${folder}/${file}`)).toBe('old')
  expect(await readText(space, `${folder}/link`)).toBe('old')
  expect(await readText(space, `${folder}/caf‛E2‛80‛9BE9.txt`)).toBe('looks like it')
  expect(await space.resolve(`${folder}/link`)).toBe(`${folder}/${file}`)
  // Another way to write a name leads to it, and never past what is compared by name.
  expect(await readText(space, `${folder}/caf‛C3‛A9.txt`)).toBe('new')
  expect(await space.resolve(`${folder}/caf‛C3‛A9.txt`)).toBe(`${folder}/café.txt`)

  await space.write(`${folder}/${file}`, pieces('newer'), { overwrite: true })
  await space.write(`${folder}/‛FF`, pieces('made'))
  expect(await bytesIn(at(home, folderBytes))).toContain('\xff')
  await space.move(`${folder}/${file}`, 'coffee.txt')
  expect(await readFile(join(home, 'coffee.txt'), 'utf8')).toBe('newer')
  expect(await space.move('coffee.txt', `${folder}/sub/na‛EFve.txt`)).toMatchObject({ name: 'na‛EFve.txt' })
  expect(await bytesIn(at(home, folderBytes, 'sub'))).toEqual(['na\xefve.txt'])
  await space.createFolder(`${folder}/‛E0/‛E1`)
  await space.move(folder, 'exercises')
  await space.remove('exercises/‛E0')
  expect(await bytesIn(join(home, 'exercises'))).not.toContain('\xe0')
  await space.remove('exercises')
  expect(await readdir(home)).toEqual([])
})

test('a zip file has them as they are shown, so that every program can unpack it', async () => {
  const ground = await createGround()
  await createOldArchive(ground)
  const path = join(ground.folder, 'archive.zip')
  await pipeline(await ground.space.archive(folder), createWriteStream(path))
  const list = 'import json, sys, zipfile; print(json.dumps(zipfile.ZipFile(sys.argv[1]).namelist()))'
  const names = JSON.parse(execFileSync('python3', ['-c', list, path], { encoding: 'utf8' })) as string[]
  const all = ['', file, 'caf‛E2‛80‛9BE9.txt', 'café.txt', 'link', 'sub/'].map((name) => `${folder}/${name}`)
  expect(names.toSorted()).toEqual(all.toSorted())
  execFileSync('unzip', ['-q', path, '-d', join(ground.folder, 'out')], {
    env: { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin' },
  })
  expect(await readFile(join(ground.folder, 'out', folder, file), 'utf8')).toBe('old')
})

test.each([
  ['a line\nand another', 'a line\nand another'],
  ['\u0001\u001b[31m', '\u0001\u001b[31m'],
  [' blanks around ', ' blanks around '],
  ['dots...', 'dots...'],
  ['back\\slash', 'back\\slash'],
  ['é composed', 'é composed'],
  ['e\u0301 decomposed', 'e\u0301 decomposed'],
  ['n'.repeat(255), 'n'.repeat(255)],
  ['é'.repeat(127), 'é'.repeat(127)],
  ['‛E9'.repeat(255), '\xe9'.repeat(255)],
])('bytes are bytes: %j', async (name, bytes) => {
  const { space, home } = await createGround()
  await space.write(name, pieces('x'))
  const expected = name.startsWith('‛') ? bytes : Buffer.from(bytes).toString('latin1')
  expect(await bytesIn(home)).toEqual([expected])
  expect((await space.list('')).map((entry) => entry.name)).toEqual([name])
  await space.move(name, 'other')
  await space.move('other', name)
  expect(await readText(space, name)).toBe('x')
  await space.remove(name)
  expect(await readdir(home)).toEqual([])
})

test('NFC and NFD stay two files', async () => {
  const { space } = await createGround()
  await space.write('\u00e9', pieces('composed'))
  await space.write('e\u0301', pieces('decomposed'))
  expect(await readText(space, '\u00e9')).toBe('composed')
  expect(await readText(space, 'e\u0301')).toBe('decomposed')
  expect(await space.list('')).toHaveLength(2)
})

test('a name of 256 bytes is refused, whatever they are', async () => {
  const { space } = await createGround()
  await expect(space.write('‛E9'.repeat(256), pieces('x'))).rejects.toMatchObject({ code: 'bad-request' })
})
