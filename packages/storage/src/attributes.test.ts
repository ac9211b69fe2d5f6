import { execFileSync } from 'node:child_process'
import { chmod, chown, link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAccessList, getAttributes, setAttributes } from '@cygnet/core/testing/attributes'
import { expect, onTestFinished, test } from 'vitest'
import { ann, createGround, isRoot, pieces } from './space.fixture.ts'

const list = createAccessList(301_002)

async function createOwned(path: string, content: string, mode = 0o640, owner = ann): Promise<void> {
  await writeFile(path, content)
  if (owner !== null) await chown(path, owner.uid, owner.gid)
  await chmod(path, mode)
}

test('a file that is replaced keeps its attributes, its access control list, its group and its mode', async () => {
  const { space, home } = await createGround()
  const path = join(home, 'results.csv')
  await createOwned(path, 'old', 0o751, ann === null ? null : { uid: ann.uid, gid: 301_009 })
  const attributes = { 'user.comment': Buffer.from([0, 255, 10, 61]), 'user.empty': Buffer.alloc(0) }
  setAttributes(path, { ...attributes, 'system.posix_acl_access': list })
  const before = await stat(path)

  await space.write('results.csv', pieces('new'), { overwrite: true })

  const after = await stat(path)
  expect(after.ino).not.toBe(before.ino)
  expect({ mode: after.mode, uid: after.uid, gid: after.gid }).toEqual({
    mode: before.mode,
    uid: before.uid,
    gid: before.gid,
  })
  expect(getAttributes(path)).toEqual({ ...attributes, 'system.posix_acl_access': list })
  expect(await readFile(path, 'utf8')).toBe('new')
})

test('a folder’s default list is what new files and folders have, and never what replaced ones have', async () => {
  const { space, home } = await createGround()
  await mkdir(join(home, 'team'))
  await createOwned(join(home, 'team/private'), 'old', 0o600)
  setAttributes(join(home, 'team'), { 'system.posix_acl_default': list })

  await space.write('team/private', pieces('new'), { overwrite: true })
  await space.write('team/fresh', pieces('new'))
  await space.createFolder('team/below')

  expect(getAttributes(join(home, 'team/private'))).toEqual({})
  expect((await stat(join(home, 'team/private'))).mode & 0o777).toBe(0o600)
  expect(getAttributes(join(home, 'team/fresh'))).toEqual({ 'system.posix_acl_access': list })
  expect(getAttributes(join(home, 'team/below'))['system.posix_acl_default']).toEqual(list)
  expect((await stat(join(home, 'team/below'))).mode & 0o777).toBe(0o660)
})

test.runIf(isRoot)('a folder that hands its group on does so', async () => {
  const { space, home } = await createGround()
  await mkdir(join(home, 'team'))
  await chown(join(home, 'team'), 301_001, 301_009)
  await chmod(join(home, 'team'), 0o2775)
  await space.createFolder('team/below')
  await space.write('team/below/file', pieces('x'))
  expect(await stat(join(home, 'team/below/file'))).toMatchObject({ uid: 301_001, gid: 301_009 })
})

test('a file with other names is written in place: all of them show the new content', async () => {
  const { space, home } = await createGround()
  await createOwned(join(home, 'one'), 'a long old content')
  await link(join(home, 'one'), join(home, 'two'))
  setAttributes(join(home, 'one'), { 'user.comment': Buffer.from('x') })
  const before = await stat(join(home, 'two'))

  const entry = await space.write('one', pieces('new'), { overwrite: true })
  expect(entry.size).toBe(3)
  expect(await readFile(join(home, 'two'), 'utf8')).toBe('new')
  expect(await space.stat('two')).toMatchObject({ etag: entry.etag })
  await space.write('one', pieces('and longer again'), { overwrite: true, ifMatch: [entry.etag] })
  expect(await readFile(join(home, 'two'), 'utf8')).toBe('and longer again')
  expect((await stat(join(home, 'one'))).ino).toBe(before.ino)
  expect((await readdir(home)).toSorted()).toEqual(['one', 'two'])
})

test.runIf(isRoot)('a mount point is written in place', async () => {
  const { space, home } = await createGround()
  await createOwned(join(home, 'real'), 'old')
  await createOwned(join(home, 'mounted'), '')
  execFileSync('mount', ['--bind', join(home, 'real'), join(home, 'mounted')])
  onTestFinished(() => void execFileSync('umount', [join(home, 'mounted')]))
  await space.write('mounted', pieces('new'), { overwrite: true })
  expect(await readFile(join(home, 'real'), 'utf8')).toBe('new')
  expect((await readdir(home)).toSorted()).toEqual(['mounted', 'real'])
})

test.runIf(isRoot)('what is another’s is never written in place with the administrator’s rights', async () => {
  const { space, home, folder } = await createGround()
  const theirs = join(folder, 'secret')
  await createOwned(theirs, 'theirs', 0o600, { uid: 0, gid: 0 })
  setAttributes(theirs, { 'user.comment': Buffer.from('x'), 'security.cygnet': Buffer.from('granted') })
  await link(theirs, join(home, 'mine'))

  await space.write('mine', pieces('new'), { overwrite: true })

  expect(await readFile(theirs, 'utf8')).toBe('theirs')
  expect(await stat(join(home, 'mine'))).toMatchObject({ uid: 301_001, gid: 301_001 })
  expect(getAttributes(join(home, 'mine'))).toEqual({ 'user.comment': Buffer.from('x') })
})

test.runIf(isRoot)('rights of a program do not pass to another content', async () => {
  const { space, home } = await createGround()
  await createOwned(join(home, 'tool'), 'old', 0o4755)
  // Version 2 with the right to open any port (include/uapi/linux/capability.h).
  const rights = Buffer.from('0100000200040000000000000000000000000000', 'hex')
  setAttributes(join(home, 'tool'), { 'security.capability': rights, 'security.cygnet': Buffer.from('label') })
  await space.write('tool', pieces('new'), { overwrite: true })
  expect(getAttributes(join(home, 'tool'))).toEqual({ 'security.cygnet': Buffer.from('label') })
  expect((await stat(join(home, 'tool'))).mode & 0o7777).toBe(0o755)
})
