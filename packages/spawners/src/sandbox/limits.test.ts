import { readFile, stat } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SandboxHandle } from './handle.ts'
import { sessionFolder } from './session-folder.ts'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'

let bed: SandboxBed

beforeEach(async () => {
  bed = await createSandboxBed()
})

afterEach(async () => {
  await bed.close()
})

const MiB = 1024 * 1024
const limits = { cores: 0.5, memoryBytes: 192 * MiB, processes: 40 }

/** A file of the session's cgroup: of version 1 by its controller, of version 2 in its one folder. */
async function readGroup(
  { cgroup }: SandboxHandle,
  controller: 'memory' | 'cpu' | 'pids',
  names: [string, string],
): Promise<string> {
  if (cgroup === null) throw new Error('There is no cgroup.')
  const path = cgroup.version === 1 ? `${cgroup.folders[controller]}/${names[0]}` : `${cgroup.folder}/${names[1]}`
  return (await readFile(path, 'utf8')).trim()
}

/** Forks as long as it can and prints how many processes there are then, without another one. */
const forkBomb = `python3 - <<'END'
import os, time
try:
    for _ in range(300):
        if os.fork() == 0:
            for fd in range(3): os.close(fd)
            time.sleep(1000)
except OSError:
    pass
print(sum(name.isdigit() for name in os.listdir('/proc')))
END`

test('a fork bomb stays in its limit, and can be stopped', async () => {
  const shell = await bed.startShell({ limits })
  const count = Number(await shell.print(forkBomb))
  expect(count).toBeGreaterThan(10)
  expect(count).toBeLessThanOrEqual(limits.processes)
  await bed.spawner.stop(shell.handle, new AbortController().signal)
  expect(await bed.leftovers()).toEqual([])
})

test.runIf(isRoot)(
  'memory, processors and processes are limited, the network’s and the log’s use counted',
  async () => {
    const { handle } = await bed.startShell({ limits })
    expect(Number(await readGroup(handle, 'memory', ['memory.limit_in_bytes', 'memory.max']))).toBe(limits.memoryBytes)
    expect(await readGroup(handle, 'cpu', ['cpu.cfs_quota_us', 'cpu.max'])).toMatch(/^50000( 100000)?$/)
    expect(await readGroup(handle, 'pids', ['pids.max', 'box/pids.max'])).toBe(String(limits.processes))
    const members = await readGroup(handle, 'memory', ['cgroup.procs', 'tools/cgroup.procs'])
    if (handle.network !== null) expect(members.split('\n')).toContain(String(handle.network.pid))
  },
)

test.runIf(isRoot)('scratch space in memory counts as memory', async () => {
  const shell = await bed.startShell({ limits })
  const used = async (): Promise<number> => {
    const status = await bed.spawner.probe(shell.handle)
    return status.state === 'running' ? (status.memory?.used ?? 0) : 0
  }
  const before = await used()
  expect(await shell.succeeds(`head -c ${50 * MiB} /dev/zero > /dev/shm/x`)).toBe(true)
  expect((await used()) - before).toBeGreaterThan(40 * MiB)
  expect(await shell.succeeds('head -c 1G /dev/zero > /tmp/x')).toBe(false)
  expect(await bed.spawner.probe(shell.handle)).toMatchObject({ state: 'running', outOfMemoryKills: 0 })
})

test.runIf(isRoot)('the session’s runtime folder cannot fill the host’s', async () => {
  const shell = await bed.startShell()
  expect(await shell.succeeds('head -c 100M /dev/zero > /run/cygnet/x')).toBe(false)
  expect((await stat(`${sessionFolder(bed.runtimeDir, shell.request.id).inner}/x`)).size).toBeLessThanOrEqual(64 * MiB)
  expect(await shell.succeeds('cd /run/cygnet; rm x; for i in $(seq 20000); do echo > f$i || exit 1; done')).toBe(false)
})

test('a log never grows beyond its bound, and its end is kept', async () => {
  const shell = await bed.startShell()
  await shell.print('(yes "a line that is printed again and again" | head -c 5M; echo the very end) > /proc/2/fd/1')
  const { log } = sessionFolder(bed.runtimeDir, shell.request.id)
  await expect.poll(async () => (await readFile(log, 'utf8')).slice(-13), { timeout: 20_000 }).toBe('the very end\n')
  expect((await stat(log)).size).toBeLessThanOrEqual(512 * 1024)
  expect((await stat(`${log}.old`)).size).toBe(512 * 1024)
})

test.runIf(isRoot)('where limits are required and cannot be had, no session starts', async () => {
  bed.spawner = bed.create({ limits: 'required', cgroup: 'no/such/place' })
  await expect(bed.startShell()).rejects.toMatchObject({ code: 'unavailable', mend: expect.any(String) as string })
  bed.spawner = bed.create({ limits: 'auto', cgroup: 'no/such/place' })
  const shell = await bed.startShell({ limits })
  // The user's own resource limits stand in for the number of processes.
  expect(await bed.spawner.prepare?.()).toContainEqual({
    kind: 'limits',
    message: expect.stringContaining('memory and processors cannot be limited') as string,
    mend: expect.stringContaining('Delegate=yes') as string,
  })
  expect(await bed.spawner.probe(shell.handle)).toEqual({ state: 'running', memory: null })
  const count = Number(await shell.print(forkBomb))
  expect(count).toBeGreaterThan(10)
  // Root's first process of the sandbox is none of the user's.
  expect(count).toBeLessThanOrEqual(limits.processes + 1)
})

test.runIf(isRoot)('limits can be turned off', async () => {
  bed.spawner = bed.create({ limits: 'off' })
  const shell = await bed.startShell()
  expect(shell.handle.cgroup).toBeNull()
  expect(await bed.spawner.prepare?.()).toContainEqual({
    kind: 'limits',
    message: expect.stringContaining('memory, processors, and number of processes') as string,
    mend: expect.stringContaining('sandbox.limits') as string,
  })
  expect(await bed.spawner.probe(shell.handle)).toEqual({ state: 'running', memory: null })
})
