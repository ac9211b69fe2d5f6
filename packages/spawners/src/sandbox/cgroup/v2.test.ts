import { access, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createV2Limiter, findV2Base, openV2 } from './v2.ts'

// The files of a hierarchy in a plain folder: what is read and written where. The kernel's part is tried by limits.test.ts
// wherever there are controllers.
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cygnet-cgroup-'))
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

async function makeCgroup(path: string, files: Record<string, string> = {}): Promise<string> {
  const folder = join(root, path)
  await mkdir(folder, { recursive: true })
  const all = { 'cgroup.controllers': 'cpu io memory pids', 'cgroup.subtree_control': '', 'cgroup.procs': '', ...files }
  for (const [name, text] of Object.entries(all)) await writeFile(join(folder, name), `${text}\n`)
  return folder
}

const read = async (path: string): Promise<string> => (await readFile(join(root, path), 'utf8')).trim()

test('root has its sessions in a cgroup at the top', async () => {
  await makeCgroup('')
  await makeCgroup('system.slice/cygnet.service')
  await makeCgroup('cygnet')
  const base = await findV2Base({ root, own: '/system.slice/cygnet.service', isRoot: true, parent: null })
  expect(base?.folder).toBe(join(root, 'cygnet'))
  expect(await read('cgroup.subtree_control')).toBe('+memory +pids +cpu')
  expect(await read('cygnet/cgroup.subtree_control')).toBe('+memory +pids +cpu')
  expect(await read('system.slice/cygnet.service/cgroup.subtree_control')).toBe('')
})

test('the administrator’s choice is taken', async () => {
  await makeCgroup('system.slice/cygnet.service', { 'cgroup.subtree_control': 'cpu memory pids' })
  const base = await findV2Base({ root, own: '/', isRoot: true, parent: 'system.slice/cygnet.service' })
  expect(base).toEqual({ folder: join(root, 'system.slice/cygnet.service'), hasCpu: true })
})

test('an ordinary user has them in the nearest cgroup that was delegated', async () => {
  await makeCgroup('user.slice/app.slice/service', { 'cgroup.controllers': '' })
  await makeCgroup('user.slice/app.slice', { 'cgroup.subtree_control': 'memory pids' })
  await makeCgroup('user.slice/app.slice/cygnet')
  const base = await findV2Base({ root, own: '/user.slice/app.slice/service', isRoot: false, parent: null })
  expect(base?.folder).toBe(join(root, 'user.slice/app.slice/cygnet'))
})

test('without the controllers there is no place', async () => {
  await makeCgroup('', { 'cgroup.controllers': 'hugetlb' })
  expect(await findV2Base({ root, own: '/', isRoot: true, parent: null })).toBeNull()
  await rm(join(root, 'cgroup.controllers'))
  expect(await findV2Base({ root, own: '/', isRoot: true, parent: null })).toBeNull()
})

test('a session has its limits, its tools beside the box', async () => {
  const folder = await makeCgroup('cygnet/s', {
    'memory.max': 'max',
    'memory.swap.max': 'max',
    'cpu.max': 'max 100000',
  })
  await makeCgroup('cygnet/s/box', { 'pids.max': 'max' })
  await makeCgroup('cygnet/s/tools')
  const limiter = createV2Limiter({ folder: join(root, 'cygnet'), hasCpu: true })
  const record = limiter.place('s')
  expect(record).toEqual({ version: 2, folder })
  expect(await limiter.create(record, { cores: 1.5, memoryBytes: 1_073_741_824, processes: 99 })).toEqual({
    tools: [`${folder}/tools/cgroup.procs`],
    box: [`${folder}/box/cgroup.procs`],
  })
  expect(await read('cygnet/s/memory.max')).toMatch(/^1073741824/)
  expect(await read('cygnet/s/memory.swap.max')).toMatch(/^0/)
  expect(await read('cygnet/s/cpu.max')).toMatch(/^150000 100000/)
  expect(await read('cygnet/s/cgroup.subtree_control')).toMatch(/^\+pids/)
  expect(await read('cygnet/s/box/pids.max')).toMatch(/^99/)
})

test('a failure leaves no cgroup', async () => {
  await mkdir(join(root, 'cygnet'))
  const limiter = createV2Limiter({ folder: join(root, 'cygnet'), hasCpu: true })
  await expect(limiter.create(limiter.place('s'), { cores: 1, memoryBytes: 1, processes: 1 })).rejects.toThrow('ENOENT')
  expect(await readdir(join(root, 'cygnet'))).toEqual([])
})

test('its use is read, what can be reclaimed at once not counted', async () => {
  const folder = await makeCgroup('s', {
    'memory.current': '5000',
    'memory.max': '9000',
    'memory.stat': 'anon 3000\ninactive_file 1500\nactive_file 500',
    'memory.events': 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 0',
  })
  expect(await openV2(folder).memory()).toEqual({ used: 3500, limit: 9000 })
  expect(await openV2(folder).outOfMemoryKills()).toBe(1)
})

test('one that is gone is no error', async () => {
  const cgroup = openV2(join(root, 'gone'))
  expect(await cgroup.memory()).toBeNull()
  expect(await cgroup.outOfMemoryKills()).toBe(0)
  await cgroup.killAll()
  await cgroup.remove()
  await expect(access(join(root, 'gone'))).rejects.toThrow('ENOENT')
})
