import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openKernelSocket, type KernelSocket } from './testing/kernel-socket.ts'
import { findRelease } from './testing/release.ts'
import { openTerminalSocket } from './testing/terminal-socket.ts'
import { basePath, secret, startTestServer, type TestServer } from './testing/test-server.ts'

interface Status {
  last_activity: string
  last_input: string | null
  last_output: string | null
  busy: boolean
  connected: boolean
}

const headers = { authorization: `token ${secret}` }
let server: TestServer
let url: string

beforeEach(async () => {
  const { python, share, bin } = findRelease()
  server = await startTestServer({
    kernels: { folders: [share], python },
    environment: { PATH: `${bin}:/usr/bin:/bin`, LANG: 'C.UTF-8' },
  })
  url = `ws+unix:${server.socketPath}:${basePath}`
})

afterEach(() => server[Symbol.asyncDispose]())

async function readStatus(): Promise<Status> {
  return (await server.ask('GET', 'api/status')).json() as unknown as Status
}

async function startKernel(): Promise<string> {
  return String((await server.ask('POST', 'api/kernels')).json()['id'])
}

function open(id: string): Promise<KernelSocket> {
  return openKernelSocket(url, id, { headers, sessionId: crypto.randomUUID() })
}

/** Runs until a file of this name is there. */
const waitsFor = (name: string, meanwhile: string): string =>
  `import os, time\nwhile not os.path.exists(${JSON.stringify(name)}):\n    time.sleep(0.01)\n    ${meanwhile}`

const history = { output: false, raw: true, hist_access_type: 'tail', n: 1 }

function execute(socket: KernelSocket, code: string): string {
  return socket.send('shell', 'execute_request', { code, silent: false, store_history: false, allow_stdin: false })
}

test('a tab that only looks how things are is no activity, connected as it is', async () => {
  const id = await startKernel()
  const { name } = (await server.ask('POST', 'api/terminals')).json() as { name: string }
  const shell = await openTerminalSocket(url, name, headers)
  await expect.poll(() => shell.text).toMatch(/[$#] $/)
  shell[Symbol.dispose]()
  const before = await readStatus()

  using socket = await open(id)
  const asked = ['kernel_info_request', 'comm_info_request', 'history_request'].map((type) =>
    socket.send('shell', type, type === 'history_request' ? history : {}),
  )
  for (const request of asked)
    await socket.waitFor((message) => message.parent === request && message.channel === 'shell')
  using terminal = await openTerminalSocket(url, name, headers)
  terminal.send('set_size', 25, 80)
  const polls = ['kernels', 'sessions', 'terminals', 'kernelspecs', 'contents', 'contents/?content=1', 'status', 'me']
  for (const path of polls) expect((await server.ask('GET', `api/${path}`)).status).toBe(200)
  await server.ask('PUT', 'api/contents/a.txt?no_track_activity=1', { type: 'file', format: 'text', content: '' })

  const after = await readStatus()
  expect(after).toEqual({ ...before, connections: 1, connected: true })
  expect(before).toMatchObject({ connections: 0, connected: false, busy: false })
})

test.each([
  ['GET', 'lab', { 'sec-fetch-mode': 'navigate' }],
  ['PUT', 'api/contents/a.txt', {}],
  ['POST', 'api/terminals', {}],
])('%s %s is input', async (method, path, more) => {
  expect(await readStatus()).toMatchObject({ last_input: null })
  const before = new Date().toISOString()
  await server.ask(method, path, { type: 'file', format: 'text', content: '' }, more)
  const { last_input, last_activity } = await readStatus()
  expect(last_input !== null && last_input >= before).toBe(true)
  expect(last_activity >= String(last_input)).toBe(true)
})

test('a cell that is silent for hours is activity, with nobody there', async () => {
  const socket = await open(await startKernel())
  const request = execute(socket, waitsFor('done', 'pass'))
  await socket.waitFor(({ parent, content }) => parent === request && content.execution_state === 'busy')
  socket[Symbol.dispose]()
  await expect.poll(readStatus).toMatchObject({ connected: false })

  const asked = new Date().toISOString()
  const working = await readStatus()
  expect(working.busy).toBe(true)
  expect(working.last_activity >= asked).toBe(true)
  expect(String(working.last_input) < asked).toBe(true)

  await writeFile(join(server.home, 'done'), '')
  await expect.poll(readStatus).toMatchObject({ busy: false })
  const done = await readStatus()
  expect(String(done.last_output) >= asked).toBe(true)
  expect(done.last_activity).toBe(done.last_output)
})

test('what a cell prints is output and no input, with nobody there', async () => {
  const socket = await open(await startKernel())
  const request = execute(socket, waitsFor('done', 'print("still here", flush=True)'))
  await socket.waitFor(({ parent, type }) => parent === request && type === 'stream')
  socket[Symbol.dispose]()
  const { last_input, last_output } = await readStatus()
  await expect.poll(async () => String((await readStatus()).last_output) > String(last_output)).toBe(true)
  expect(await readStatus()).toMatchObject({ last_input })
  await writeFile(join(server.home, 'done'), '')
})

test('keys are a terminal’s input, and what its program prints is its output', async () => {
  const { name } = (await server.ask('POST', 'api/terminals')).json() as { name: string }
  const terminal = await openTerminalSocket(url, name, headers)
  const { last_input: created } = await readStatus()
  terminal.send('stdin', 'until [ -e done ]; do echo work""ing; sleep 0.01; done\r')
  await expect.poll(() => terminal.text).toContain('working')
  terminal[Symbol.dispose]()
  const { last_input, last_output } = await readStatus()
  expect(String(last_input) > String(created)).toBe(true)
  await expect.poll(async () => String((await readStatus()).last_output) > String(last_output)).toBe(true)
  expect(await readStatus()).toMatchObject({ last_input })
  await writeFile(join(server.home, 'done'), '')
})
