import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readFile, readdir, readlink, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { StartRequest, Started } from '../spawner.ts'
import { runIn, shellServer } from '../testing/shell-server.ts'
import type { SandboxHandle, SessionRecord } from './handle.ts'
import { identify, readBootId } from './process.ts'
import { createSandboxBed, type SandboxBed } from './testing/bed.ts'

let bed: SandboxBed
const never = new AbortController().signal
const program = fileURLToPath(new URL('testing/service.ts', import.meta.url))

beforeEach(async () => {
  bed = await createSandboxBed()
})

afterEach(async () => {
  await bed.close()
})

interface Service {
  child: ChildProcess
  /** What it tells, until it is killed. */
  told: AsyncIterable<{ step?: { message: string }; started?: Started<SandboxHandle> }>
  kill(): Promise<void>
}

function serve(request: StartRequest, extra: number[] = []): Service {
  const argument = JSON.stringify({ runtimeDir: bed.runtimeDir, request })
  const child = spawn(process.execPath, [program, argument], { stdio: ['ignore', 'pipe', 'inherit', ...extra] })
  const ended = once(child, 'exit')
  if (child.stdout === null) throw new Error('There is a pipe.')
  const lines = createInterface({ input: child.stdout })
  return {
    child,
    told: (async function* () {
      for await (const line of lines) yield JSON.parse(line)
    })(),
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function startAndKill(request: StartRequest): Promise<Started<SandboxHandle>> {
  const service = serve(request)
  for await (const { started } of service.told) {
    if (started === undefined) continue
    await service.kill()
    return started
  }
  throw new Error('It did not start.')
}

test('a server outlives a service that is killed, with all it runs, and the next one takes over', async () => {
  const request = await bed.request(shellServer)
  const { handle, address } = await startAndKill(request)
  expect(await runIn(address, 'echo still here')).toMatchObject({ out: 'still here\n' })
  expect(await bed.spawner.probe(handle)).toMatchObject({ state: 'running' })
  if (handle.network !== null) expect(await identify(handle.network.pid)).toEqual(handle.network)
  await bed.spawner.sweep?.([handle])
  const exit = bed.spawner.waitForExit(handle, never)
  await bed.spawner.stop(handle, never)
  expect(await exit).toEqual({ state: 'exited', reason: { kind: 'stopped' } })
  expect(await bed.leftovers()).toEqual([])
})

test('the log is still kept, and does not block the server', async () => {
  const { address } = await startAndKill(await bed.request(shellServer))
  expect((await runIn(address, 'yes | head -c 2M > /proc/2/fd/1; echo done')).out).toBe('done\n')
})

test('a server that ended while there was no service is told of, and freed', async () => {
  const { handle, address } = await startAndKill(await bed.request(shellServer))
  await runIn(address, 'kill -TERM $PPID').catch(() => {})
  expect(await bed.spawner.waitForExit(handle, never)).toEqual({
    state: 'exited',
    reason: { kind: 'exit', code: null, signal: 'SIGTERM' },
  })
  expect(await bed.leftovers()).toEqual([])
})

test('a service killed amid a start leaves nothing that the next one does not sweep away', async () => {
  const steps: string[] = []
  const service = serve(await bed.request(shellServer))
  for await (const { step, started } of service.told) {
    if (started !== undefined) break
    if (step !== undefined) steps.push(step.message)
  }
  await service.kill()
  expect(steps.length).toBeGreaterThan(2)
  for (const message of steps) {
    const amid = serve(await bed.request(shellServer))
    for await (const { step } of amid.told) if (step?.message === message) break
    await amid.kill()
  }
  await bed.restart().sweep?.([])
  expect(await bed.leftovers()).toEqual([])
})

test('nothing that the service was started with is handed on', async () => {
  const secret = await open(join(bed.folder, 'secret.sqlite'))
  try {
    const service = serve(await bed.request(shellServer), [secret.fd, secret.fd])
    for await (const { started } of service.told) {
      if (started === undefined) continue
      const { out } = await runIn(started.address, 'for p in /proc/[0-9]*/fd/*; do readlink $p; done')
      expect(out).not.toContain('secret')
      for (const { pid } of [started.handle.init, started.handle.program, started.handle.network].filter(
        (one) => one !== null,
      )) {
        const names = await readdir(`/proc/${pid}/fd`).catch(() => [])
        const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
        expect(targets.filter((target) => target.includes('secret'))).toEqual([])
      }
      await service.kill()
    }
  } finally {
    await secret.close()
  }
})

test('a pid that now belongs to somebody else is neither believed nor harmed', async () => {
  const shell = await bed.startShell()
  const bystander = spawn('sleep', ['1000'])
  const pid = bystander.pid ?? 0
  try {
    const stranger = { pid, start: '12345' }
    const old: SandboxHandle = {
      ...shell.handle,
      id: 'gone-long-ago',
      init: stranger,
      program: stranger,
      network: stranger,
      cgroup: null,
    }
    expect(await bed.spawner.probe(old)).toEqual({ state: 'exited', reason: { kind: 'unknown' } })
    await bed.restart().stop(old, never)
    const earlierBoot: SandboxHandle = { ...shell.handle, id: 'other', boot: 'an earlier one', cgroup: null }
    await bed.restart().stop(earlierBoot, never)
    expect(await bed.spawner.waitForExit(earlierBoot, never)).toMatchObject({ state: 'exited' })
    expect(await identify(pid)).not.toBeNull()
    expect(await shell.print('echo alive')).toBe('alive\n')
  } finally {
    bystander.kill('SIGKILL')
  }
})

test('what is no handle counts as a server that is gone', async () => {
  for (const nonsense of [null, {}, 'x', { id: '../..', init: 1 }]) {
    const handle = nonsense as unknown as SandboxHandle
    expect(await bed.spawner.probe(handle)).toEqual({ state: 'exited', reason: { kind: 'unknown' } })
    expect(await bed.spawner.waitForExit(handle, never)).toMatchObject({ state: 'exited' })
    await bed.spawner.stop(handle, never)
  }
})

test('a launch that nobody noted the sandbox of is ended, with all of its process group', async () => {
  const launch = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(launch, 'exit')
  onTestFinished(() => {
    if (launch.pid !== undefined && launch.signalCode === null) process.kill(-launch.pid, 'SIGKILL')
  })
  const [child] = (await once(launch.stdout, 'data')) as [Buffer]
  const folder = join(bed.runtimeDir, 'servers', 'launching')
  await mkdir(folder, { recursive: true })
  const record: SessionRecord = {
    id: 'launching',
    boot: await readBootId(),
    user: { name: 'ada', uid: 1 },
    cgroup: null,
    memoryBytes: 1,
    isMounted: false,
    init: null,
    program: null,
    mac: null,
    network: null,
  }
  await writeFile(join(folder, 'session.json'), JSON.stringify(record))
  await writeFile(join(folder, 'launch.stat'), await readFile(`/proc/${launch.pid}/stat`))
  await bed.restart().sweep?.([])
  expect(await ended).toEqual([null, 'SIGKILL'])
  await expect.poll(() => identify(Number(child))).toBeNull()
  expect(await readdir(join(bed.runtimeDir, 'servers'))).toEqual([])
})
