import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Layer, Software, StartRequest } from '../spawner.ts'
import { createSandboxBed, isRoot, makeOwn, type SandboxBed, type Shell } from './testing/bed.ts'

const execute = promisify(execFile)
const never = new AbortController().signal
let bed: SandboxBed
let release: string

beforeEach(async () => {
  bed = await createSandboxBed()
  release = join(bed.folder, 'release')
  await mkdir(join(release, 'bin'), { recursive: true })
  await mkdir(join(release, 'lib', 'tool'), { recursive: true })
  await writeFile(join(release, 'bin', 'tool'), '#!/bin/sh\necho one\n', { mode: 0o755 })
  await writeFile(join(release, 'lib', 'tool', 'a.txt'), 'a')
  await writeFile(join(release, 'lib', 'tool', 'b.txt'), 'b')
})

afterEach(async () => {
  await bed.close()
})

type User = StartRequest['user'] & { home: string }

async function createLayer({ name, uid }: { name: string; uid: number | null }): Promise<Layer> {
  const place = join(bed.folder, 'layers', name)
  await mkdir(place, { recursive: true })
  const layer = { upper: join(place, 'upper'), work: join(place, 'work') }
  for (const folder of Object.values(layer)) await makeOwn(folder, uid)
  return layer
}

async function start({ name, uid, home }: User, layer: Layer): Promise<Shell> {
  const software: Software[] = [{ source: release, target: '/software/tools', access: { kind: 'layer', layer } }]
  return bed.startShell({ user: { name, uid }, home, software })
}

const inside = (script: string): string => `cd /software/tools && ${script}`

test('who adds, changes and removes software does so for themselves alone, and finds it so after a restart', async () => {
  const [ada, bob] = [await bed.createUser(), await bed.createUser()]
  const layer = await createLayer(ada)
  const shell = await start(ada, layer)
  expect(await shell.print(inside('stat -c %U bin/tool'))).toBe(`${ada.name}\n`)
  const script = `sed -i s/one/two/ bin/tool; rm -r lib/tool/a.txt; mkdir -p lib/new; echo n > lib/new/n; mv lib/tool lib/moved`
  expect(await shell.succeeds(inside(script))).toBe(true)
  const look = inside('bin/tool; ls lib lib/moved; cat lib/new/n')
  const seen = 'two\nlib:\nmoved\nnew\n\nlib/moved:\nb.txt\nn\n'
  expect(await shell.print(look)).toBe(seen)
  const other = await start(bob, await createLayer(bob))
  expect(await other.print(inside('bin/tool; ls lib lib/tool'))).toBe('one\nlib:\ntool\n\nlib/tool:\na.txt\nb.txt\n')

  await bed.spawner.stop(shell.handle, never)
  expect(await readFile(join(release, 'bin', 'tool'), 'utf8')).toContain('one')
  expect(await readdir(join(release, 'lib'))).toEqual(['tool'])
  const kept = await stat(join(layer.upper, 'lib', 'new', 'n'))
  expect(kept.uid).toBe(ada.uid ?? process.getuid?.())
  const again = await start(ada, layer)
  expect(await again.print(look)).toBe(seen)
})

test('beside a layer lies software that is the user’s own folder, and software that nobody changes', async () => {
  const ada = await bed.createUser()
  const own = join(bed.folder, 'own')
  await makeOwn(own, ada.uid)
  const { name, uid, home } = ada
  const software: Software[] = [
    { source: own, target: '/software/own', access: { kind: 'write' } },
    { source: release, target: '/software/fixed' },
    { source: release, target: '/software/tools', access: { kind: 'layer', layer: await createLayer(ada) } },
  ]
  const shell = await bed.startShell({ user: { name, uid }, home, software })
  expect(await shell.succeeds('echo mine > /software/own/file')).toBe(true)
  expect(await readFile(join(own, 'file'), 'utf8')).toBe('mine\n')
  expect(await shell.succeeds('touch /software/fixed/bin/x')).toBe(false)
  expect(await shell.succeeds('touch /software/tools/bin/x')).toBe(true)
  expect(await shell.print('ls /software/fixed/bin')).toBe('tool\n')
})

test('what a user puts into their layer gives them no rights', async () => {
  const ada = await bed.createUser()
  const layer = await createLayer(ada)
  const shell = await start(ada, layer)
  expect(await shell.print("grep ' /software/tools ' /proc/mounts | tail -1 | grep -c nosuid,nodev")).toBe('1\n')
  expect(await shell.succeeds(inside('mknod disk b 8 0'))).toBe(false)
  const mark = (name: string): string =>
    inside(`python3 -c "import os; os.setxattr('lib/tool', '${name}', b'/../../../secret')"`)
  expect(await shell.succeeds(mark('trusted.overlay.redirect'))).toBe(false)
  await shell.succeeds(mark('user.overlay.redirect'))
  await shell.succeeds(inside('ln -s /etc lib/etc; cp /bin/sh bin/sh; chmod u+s bin/sh; touch lib/tool/c.txt'))
  await bed.spawner.stop(shell.handle, never)
  const again = await start(ada, layer)
  expect(await again.print(inside('ls lib/tool'))).toBe('a.txt\nb.txt\nc.txt\n')
  expect(await again.print(inside('bin/sh -c "id -u"'))).toBe(`${ada.uid ?? process.getuid?.()}\n`)
  expect(await again.print(inside('cat lib/etc/hostname'))).toBe('cygnet\n')
})

test.runIf(isRoot)('marks in a layer that lead elsewhere are not followed', async () => {
  const ada = await bed.createUser()
  const layer = await createLayer(ada)
  await mkdir(join(bed.folder, 'secret'))
  await writeFile(join(bed.folder, 'secret', 'key'), 'secret')
  await mkdir(join(layer.upper, 'lib'))
  await mkdir(join(layer.upper, 'lib', 'away'))
  await writeFile(join(layer.upper, 'bare'), '')
  const set = "import os, sys; os.setxattr(sys.argv[1], 'trusted.overlay.' + sys.argv[2], sys.argv[3].encode())"
  await execute('python3', ['-c', set, join(layer.upper, 'lib', 'away'), 'redirect', '/lib/tool'])
  await execute('python3', ['-c', set, join(layer.upper, 'bare'), 'metacopy', ''])
  await execute('python3', ['-c', set, join(layer.upper, 'bare'), 'redirect', '/lib/tool/a.txt'])
  const shell = await start(ada, layer)
  expect(await shell.print(inside('ls lib/away'))).toBe('')
  expect(await shell.succeeds(inside('grep . bare'))).toBe(false)
})

test('a layer that leads elsewhere is refused', async () => {
  const [ada, bob] = [await bed.createUser(), await bed.createUser()]
  const layer = await createLayer(ada)
  const theirs = await createLayer(bob)
  await rm(layer.upper, { recursive: true })
  await symlink(theirs.upper, layer.upper)
  await expect(start(ada, layer)).rejects.toThrow(/is no folder of uid/)
  expect(await bed.leftovers()).toEqual([])
})

test('where the layer cannot be laid over it, the software is there as it is, and the log says why', async () => {
  const ada = await bed.createUser()
  const layer = await createLayer(ada)
  // Not on one file system with it.
  const { name, uid, home } = ada
  const elsewhere = { ...layer, work: '/dev/shm/cygnet-layer-work' }
  await makeOwn(elsewhere.work, uid)
  try {
    const software: Software[] = [
      { source: release, target: '/software/tools', access: { kind: 'layer', layer: elsewhere } },
    ]
    const shell = await bed.startShell({ user: { name, uid }, home, software })
    expect(await shell.print(inside('bin/tool'))).toBe('one\n')
    expect(await shell.succeeds(inside('touch bin/x'))).toBe(false)
    expect(JSON.stringify(bed.logged)).toContain('A session starts without what its user has installed.')
  } finally {
    await rm(elsewhere.work, { recursive: true })
  }
})

test('whether layers can be had is found out by trying', async () => {
  const { uid } = await bed.createUser()
  const folder = join(bed.folder, 'layers')
  await bed.spawner.tryLayer?.(release, folder, uid)
  expect(await readdir(folder)).toEqual([])
  const readOnly = isRoot ? '/sys/kernel' : '/usr/share/misc'
  await expect(bed.spawner.tryLayer?.(readOnly, folder, uid)).rejects.toThrow(/overlay .* fails: .+/)
  expect(await readdir(folder)).toEqual([])
})

test.runIf(isRoot)('a disk that carries no upper layer is told before', async () => {
  const { uid } = await bed.createUser()
  const place = join(bed.folder, 'over')
  for (const name of ['low', 'up', 'work', 'merged']) await mkdir(join(place, name), { recursive: true })
  const options = `lowerdir=${place}/low,upperdir=${place}/up,workdir=${place}/work`
  await execute('mount', ['-t', 'overlay', '-o', options, 'over', join(place, 'merged')])
  try {
    await expect(bed.spawner.tryLayer?.(release, join(place, 'merged'), uid)).rejects.toThrow(/overlay .* fails/)
  } finally {
    await execute('umount', [join(place, 'merged')])
    await chmod(join(place, 'work', 'work'), 0o700)
  }
})
