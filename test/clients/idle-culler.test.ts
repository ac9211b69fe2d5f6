import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { on, once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { clientsPython } from '../support/clients.ts'
import { cygnet } from '../support/command.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'

const password = 'a good password'
let service: RunningService

beforeAll(async () => {
  service = await startService()
  for (const name of ['ada', 'bob', 'cyd']) await cygnet(service.data, ['user', 'add', name], `${password}\n`)
  await cygnet(service.data, ['user', 'add', 'root', '--admin'], `${password}\n`)
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
})

interface Person {
  fetch(path: string, method?: string, body?: unknown): Promise<Response>
  openKernel(id: string): Promise<WebSocket>
}

async function signIn(name: string, scopes?: string[]): Promise<Person & { token: string }> {
  const answer = await fetch(`${service.url}/hub/api/users/${name}/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { username: name, password }, ...(scopes === undefined ? {} : { scopes }) }),
  })
  const { token } = (await answer.json()) as { token: string }
  return {
    token,
    fetch: (path, method = 'GET', body) =>
      fetch(service.url + path, {
        method,
        headers: { authorization: `token ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async openKernel(id) {
      const path = `/user/${name}/api/kernels/${id}/channels?session_id=${randomUUID()}&token=${token}`
      const socket = new WebSocket(service.url.replace(/^http/, 'ws') + path)
      await once(socket, 'open')
      return socket
    },
  }
}

async function startKernel(person: Person, name: string): Promise<string> {
  await person.fetch(`/hub/api/users/${name}/server`, 'POST', {})
  await (await person.fetch(`/hub/api/users/${name}/server/progress`)).text()
  const kernel = await person.fetch(`/user/${name}/api/kernels`, 'POST')
  return ((await kernel.json()) as { id: string }).id
}

/** Sends code to be run, and goes away once it runs. */
async function leaveRunning(person: Person, kernel: string, code: string): Promise<void> {
  const socket = await person.openKernel(kernel)
  const header = {
    msg_id: randomUUID(),
    session: randomUUID(),
    username: '',
    msg_type: 'execute_request',
    version: '5',
  }
  const content = { code, silent: false, store_history: false, allow_stdin: false }
  const messages = on(socket, 'message')
  socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content }))
  for await (const [data] of messages) if (String(data).includes('execute_input')) break
  socket.close()
}

/** What an open tab does by itself, until it is told to stop. */
async function poll(person: Person, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const path of ['kernels', 'sessions', 'terminals', 'contents', 'status'])
      await person.fetch(`/user/${name}/api/${path}`)
    await delay(100)
  }
}

/** JupyterHub's culler, from PyPI, which is gone with the test. @returns what it says, as it grows */
function startCuller(token: string, seconds: number): string[] {
  const args = [`--url=${service.url}/hub/api`, `--timeout=${seconds}`, '--cull-every=1', '--api-page-size=1']
  const culler = spawn(clientsPython(), ['-m', 'jupyterhub_idle_culler', ...args, '--IdleCuller.log_level=DEBUG'], {
    env: { JUPYTERHUB_API_TOKEN: token, PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void culler.kill())
  const lines: string[] = []
  createInterface(culler.stderr).on('line', (line) => lines.push(line))
  return lines
}

async function phaseOf(person: Person): Promise<string> {
  return ((await (await person.fetch('/api/v1/server')).json()) as { phase: string }).phase
}

test('JupyterHub’s culler stops who only has a page open, and nobody who works', { timeout: 120_000 }, async () => {
  const [ada, bob, cyd] = [await signIn('ada'), await signIn('bob'), await signIn('cyd')]
  const culling = await signIn('root', ['list:users', 'read:users:activity', 'read:servers', 'delete:servers'])
  await leaveRunning(ada, await startKernel(ada, 'ada'), 'import time\nwhile True:\n    time.sleep(0.1)')
  await leaveRunning(cyd, await startKernel(cyd, 'cyd'), 'import time\nwhile True:\n    print("on")\n    time.sleep(1)')
  const tab = await bob.openKernel(await startKernel(bob, 'bob'))
  const closing = new AbortController()
  const polling = poll(bob, 'bob', closing.signal)

  const lines = startCuller(culling.token, 5)
  await expect.poll(() => phaseOf(bob), { timeout: 60_000, interval: 500 }).toBe('stopped')
  closing.abort()
  await polling
  tab.terminate()
  const log = lines.join('\n')
  expect(log).toMatch(/Culling server bob /)
  for (const name of ['ada', 'cyd']) expect(log).toMatch(new RegExp(`Not culling server ${name} `))
  expect(log).not.toMatch(/Culling server (?:ada|cyd) /)
  for (const busy of [ada, cyd]) expect(await phaseOf(busy)).toBe('running')
})
