import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createSilentLogger } from '@cygnet/core/log'
import { expect, onTestFinished, test } from 'vitest'
import { openSandboxes } from './testing/sandboxes.ts'
import { ada, ask } from './testing/test-servers.ts'

const hasSandbox = await promisify(execFile)('bwrap', ['--version']).then(
  () => true,
  () => false,
)

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sv-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A service in a process of its own that starts a server. */
function runService(folder: string, mode: string): ChildProcess {
  const script = join(import.meta.dirname, 'testing', 'service.ts')
  const child = spawn(process.execPath, [script, folder, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** The processes that were started with the folder's name, or hold a file in it. */
async function processesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(pids.map(async (pid) => `${await commandOf(pid)} ${await filesOf(pid)}`))
  return all.filter((words) => words.includes(folder))
}

async function commandOf(pid: string): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
}

async function filesOf(pid: string): Promise<string> {
  const numbers = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(numbers.map((number) => readlink(`/proc/${pid}/fd/${number}`).catch(() => '')))
  return links.join(' ')
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test.runIf(hasSandbox)('a service that was killed finds its running server again', { timeout: 60_000 }, async () => {
  const folder = await openFolder()
  const service = runService(folder, 'ready')
  if (service.stdout === null) throw new Error('There is nothing to read.')
  const [words] = (await once(service.stdout, 'data')) as [Buffer]
  expect(String(words)).toBe('ready\n')
  await killed(service)

  const first = await openSandboxes(folder, 'ready', createSilentLogger())
  expect(await first.servers.restore()).toBe(1)
  const { started } = await ask(first.servers, 'api/status')
  expect(first.servers.of(ada.id)).toMatchObject({ phase: 'running' })
  await first.servers.close({ servers: 'keep' })
  await first.database.destroy()

  const second = await openSandboxes(folder, 'ready', createSilentLogger())
  expect(await second.servers.restore()).toBe(1)
  expect((await ask(second.servers, 'api/status')).started).toBe(started)
  await second.servers.stop(ada)
  expect(await second.servers.view(ada)).toMatchObject({ phase: 'stopped', reason: null })
  expect(await readdir(join(folder, 'run', 'servers'))).toEqual([])
  await second.database.destroy()
})

test.runIf(hasSandbox).each(['session.json', 'launch.stat', 'log'])(
  'a service that was killed while a server starts leaves none behind: once there is a %s',
  { timeout: 60_000 },
  async (file) => {
    const folder = await openFolder()
    const service = runService(folder, 'deaf')
    const sessions = join(folder, 'run', 'servers')
    const files = (): Promise<string[]> => readdir(sessions, { recursive: true }).catch(() => [])
    await expect.poll(files, { timeout: 20_000, interval: 1 }).toContainEqual(expect.stringContaining(file))
    await killed(service)
    const { servers, database } = await openSandboxes(folder, 'ready', createSilentLogger())
    expect(await servers.restore()).toBe(0)
    expect(await servers.view(ada)).toMatchObject({ reason: expect.stringContaining('interrupted') })
    expect(await readdir(join(folder, 'run', 'servers'))).toEqual([])
    await expect.poll(() => processesOf(sessions)).toEqual([])
    await servers.start(ada, {})
    await servers.settle(ada, 30_000)
    expect(await servers.view(ada)).toMatchObject({ phase: 'running' })
    await servers.close({ servers: 'stop' })
    expect(await readdir(join(folder, 'run', 'servers'))).toEqual([])
    await database.destroy()
  },
)
