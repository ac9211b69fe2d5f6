import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
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

test.runIf(hasSandbox)(
  'a service that was killed while a server starts leaves none behind',
  { timeout: 60_000 },
  async () => {
    const folder = await openFolder()
    const service = runService(folder, 'deaf')
    const sessions = (): Promise<string[]> => readdir(join(folder, 'run', 'servers')).catch(() => [])
    await expect.poll(sessions, { timeout: 20_000 }).toHaveLength(1)
    await killed(service)
    const { servers, database } = await openSandboxes(folder, 'ready', createSilentLogger())
    expect(await servers.restore()).toBe(0)
    expect(await servers.view(ada)).toMatchObject({ reason: expect.stringContaining('interrupted') })
    expect(await readdir(join(folder, 'run', 'servers'))).toEqual([])
    await servers.start(ada, {})
    await servers.settle(ada, 30_000)
    expect(await servers.view(ada)).toMatchObject({ phase: 'running' })
    await servers.close({ servers: 'stop' })
    expect(await readdir(join(folder, 'run', 'servers'))).toEqual([])
    await database.destroy()
  },
)
