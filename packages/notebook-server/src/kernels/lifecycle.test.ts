import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { isAlive } from '../testing/is-alive.ts'
import { executeContent, openKernelSocket, type KernelSocket } from '../testing/kernel-socket.ts'
import { startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'
import type { KernelModel } from './kernel-model.ts'

describe.each([
  { start: 'forked', withZygote: true },
  { start: 'ordinary', withZygote: false },
])('a kernel, $start', ({ withZygote }) => {
  let api: NotebookApi
  beforeAll(async () => {
    api = await startNotebookApi({ withZygote })
  })
  afterAll(() => api[Symbol.asyncDispose]())

  async function start(): Promise<{ id: string; socket: KernelSocket; pid: number }> {
    const { id } = (await api.fetch('api/kernels', { method: 'POST' })).body
    const socket = await openKernelSocket(api.url, id, { sessionId: crypto.randomUUID() })
    return { id, socket, pid: await pidOf(socket) }
  }

  async function pidOf(socket: KernelSocket): Promise<number> {
    return Number((await socket.execute('import os; print(os.getpid())')).text)
  }

  function state(id: string): Promise<string> {
    return api.fetch(`api/kernels/${id}`).then(({ body }) => body.execution_state)
  }

  test('restarts with its clients, without what it knew', async () => {
    const { id, socket, pid } = await start()
    await socket.execute('x = 1')
    const restarted = await api.fetch(`api/kernels/${id}/restart`, { method: 'POST' })
    expect(restarted).toMatchObject({ status: 200, body: { id, execution_state: 'idle', connections: 1 } })
    expect((await socket.execute('print("x" in globals())')).text).toBe('False\n')
    expect(await pidOf(socket)).not.toBe(pid)
    expect(await isAlive(pid)).toBe(false)
    expect(socket.received.some(({ content }) => content.execution_state === 'restarting')).toBe(false)
    socket[Symbol.dispose]()
    await api.manager.shutdown(id)
  })

  test('restarts while it is busy', async () => {
    const { id, socket } = await start()
    socket.send('shell', 'execute_request', { ...executeContent, code: 'print("on")\nwhile True: pass' })
    await socket.waitFor(({ content }) => content.text?.includes('on') === true)
    expect((await api.fetch(`api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200)
    expect((await socket.execute('print(2)')).text).toBe('2\n')
    await api.manager.shutdown(id)
  })

  test.each([
    ['os._exit', 'import os; print("last words"); input(); os._exit(3)', 'it exited with code 3'],
    ['SIGKILL', 'import os, signal; print("last words"); input(); os.kill(os.getpid(), signal.SIGKILL)', 'more memory'],
    ['a segmentation fault', 'import ctypes; print("last words"); input(); ctypes.string_at(0)', 'SIGSEGV'],
  ])('is started again after it died by %s, and the cell says why', async (_how, code, why) => {
    const { id, socket, pid } = await start()
    const asked = socket.send('shell', 'execute_request', { ...executeContent, code })
    await socket.waitFor(({ content }) => content.text?.includes('last words') === true)
    await socket.waitFor(({ type }) => type === 'input_request')
    socket.send('stdin', 'input_reply', { value: '' })
    await socket.waitFor(({ content }) => content.execution_state === 'restarting')
    const told = socket.received.findIndex(({ content }) => content.text?.includes('The kernel died') === true)
    expect(socket.received[told]).toMatchObject({ parent: asked, content: { name: 'stderr' } })
    expect(socket.received[told]?.content.text).toContain(why)
    expect(socket.received.findIndex(({ content }) => content.execution_state === 'restarting')).toBeGreaterThan(told)
    expect(await pidOf(socket)).not.toBe(pid)
    expect(await state(id)).toBe('idle')
    await api.manager.shutdown(id)
  })

  test.each([
    ['a segmentation fault', 'import ctypes; ctypes.string_at(0)', 'SIGSEGV'],
    ['os._exit', 'import os; os._exit(0)', 'it exited with code 0'],
    ['SIGKILL', 'import os; os.kill(os.getpid(), 9)', 'more memory'],
    ['abort', 'import os; os.abort()', 'SIGABRT'],
  ])('that dies in its first moment says so in the cell, and ends all waiting: %s', async (_how, code, why) => {
    const { id } = (await api.fetch('api/kernels', { method: 'POST' })).body
    using socket = await openKernelSocket(api.url, id, { sessionId: crypto.randomUUID() })
    using other = await openKernelSocket(api.url, id, { sessionId: crypto.randomUUID() })
    const asked = socket.send('shell', 'execute_request', { ...executeContent, code })
    const behind = socket.send('shell', 'execute_request', { ...executeContent, code: 'print("never")' })
    const completed = socket.send('shell', 'complete_request', { code: 'pri', cursor_pos: 3 })
    await socket.waitFor(({ content }) => content.execution_state === 'restarting')
    const about = (parent: string) => socket.received.filter((message) => message.parent === parent)
    const told = about(asked).findIndex(({ content }) => content.text?.includes('The kernel died') === true)
    expect(about(asked)[told]).toMatchObject({
      type: 'stream',
      content: { name: 'stderr', text: expect.stringContaining(why) },
    })
    expect(about(asked).slice(told + 1)).toMatchObject([
      { type: 'execute_reply', channel: 'shell', content: { status: 'error', ename: 'KernelDied' } },
      { type: 'status', channel: 'iopub', content: { execution_state: 'idle' } },
    ])
    expect(about(behind)).toMatchObject([
      { type: 'execute_reply', content: { status: 'aborted' } },
      { type: 'status', content: { execution_state: 'idle' } },
    ])
    expect(about(completed)).toMatchObject([
      { type: 'complete_reply', content: { status: 'aborted' } },
      { type: 'status', content: { execution_state: 'idle' } },
    ])
    expect(other.received.filter(({ channel }) => channel === 'shell')).toEqual([])
    expect((await socket.execute('print("back")')).text).toBe('back\n')
    await api.manager.shutdown(id)
  })

  test('that is restarted or shut down lets nobody wait', async () => {
    const { id, socket } = await start()
    for (const [method, path] of [
      ['POST', `api/kernels/${id}/restart`],
      ['DELETE', `api/kernels/${id}`],
    ] as const) {
      const code = 'print("on")\nwhile True:\n  try:\n    while True: pass\n  except KeyboardInterrupt: pass'
      const asked = socket.send('shell', 'execute_request', { ...executeContent, code })
      await socket.waitFor(({ content, parent }) => parent === asked && content.text?.includes('on') === true)
      await api.fetch(path, { method })
      await socket.waitFor(({ type, parent }) => parent === asked && type === 'execute_reply')
      await socket.waitFor(({ content, parent }) => parent === asked && content.execution_state === 'idle')
    }
  })

  test('shows all that it published before it died', async () => {
    const { id, socket } = await start()
    const code =
      'import os, sys\nfor i in range(2000): print(i)\nsys.stdout.flush()\nimport time; time.sleep(.3)\nos._exit(1)'
    socket.send('shell', 'execute_request', { ...executeContent, code })
    await socket.waitFor(({ content }) => content.execution_state === 'restarting')
    const end = socket.received.findIndex(({ content }) => content.execution_state === 'restarting')
    const before = socket.received.slice(0, end)
    expect(before.map(({ content }) => content.text ?? '').join('')).toContain('\n1999\n')
    await api.manager.shutdown(id)
  })

  test('is gone with its process group, sockets and files after it was shut down', async () => {
    const { id, socket, pid } = await start()
    const child = Number(
      (await socket.execute('import subprocess as s; p = s.Popen(["sleep", "1000"]); print(p.pid)')).text,
    )
    expect(await readdir(api.runtimeDir)).toContain(`kernel-${id}.json`)
    expect((await stat(join(api.runtimeDir, `kernel-${id}.json`))).mode & 0o777).toBe(0o600)
    expect((await api.fetch(`api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await api.fetch(`api/kernels/${id}`)).status).toBe(404)
    expect((await api.fetch<KernelModel[]>('api/kernels')).body.map((kernel) => kernel.id)).not.toContain(id)
    expect(await Promise.all([pid, child].map(isAlive))).toEqual([false, false])
    expect((await readdir(api.runtimeDir)).filter((file) => file.includes(id.slice(0, 8)))).toEqual([])
    await expect.poll(() => socket.webSocket.readyState).toBe(socket.webSocket.CLOSED)
  })

  test('is killed where it does not listen', async () => {
    const { id, socket, pid } = await start()
    const code = `import signal, threading
for s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)
get_ipython().kernel.pre_handler_hook = lambda: None
open('deaf', 'w').close()
import ctypes; ctypes.PyDLL(None).sleep(1000)`
    socket.send('shell', 'execute_request', { ...executeContent, code })
    await vi.waitFor(() => stat(join(api.root, 'deaf')), { timeout: 20_000 })
    await rm(join(api.root, 'deaf'))
    await api.manager.shutdown(id)
    expect(await isAlive(pid)).toBe(false)
  })
})

test('gives up on a kernel that dies again and again, and can restart it by hand', async () => {
  await using api = await startNotebookApi({ withZygote: true, times: { restarts: 2 } })
  const { id } = await api.manager.start({})
  using socket = await openKernelSocket(api.url, id)
  for (let death = 0; death < 3; death++) {
    const seen = socket.received.length
    socket.send('shell', 'execute_request', { ...executeContent, code: 'import os; os._exit(9)' })
    const expected = death < 2 ? 'restarting' : 'dead'
    await expect
      .poll(() => socket.received.slice(seen).some(({ content }) => content.execution_state === expected))
      .toBe(true)
  }
  const dead = (await api.fetch(`api/kernels/${id}`)).body
  expect(dead).toMatchObject({ execution_state: 'dead', reason: 'it exited with code 9' })
  const { reply } = await socket.execute('print("to the dead")')
  expect(reply.content).toMatchObject({
    status: 'error',
    ename: 'KernelDied',
    evalue: expect.stringContaining('code 9'),
  })
  expect((await api.fetch(`api/kernels/${id}/interrupt`, { method: 'POST' })).status).toBe(409)
  expect((await api.fetch(`api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200)
  expect((await socket.execute('print("back")')).text).toBe('back\n')
})

test('unknown kernels are answered so', async () => {
  await using api = await startNotebookApi()
  for (const [method, path] of [
    ['GET', 'api/kernels/none'],
    ['DELETE', 'api/kernels/none'],
    ['POST', 'api/kernels/none/restart'],
    ['POST', 'api/kernels/none/interrupt'],
    ['GET', 'api/kernels/none/channels'],
  ] as const) {
    expect(await api.fetch(path, { method })).toMatchObject({
      status: 404,
      body: { message: 'Kernel does not exist: none' },
    })
  }
  await expect(openKernelSocket(api.url, 'none')).rejects.toThrow('404')
})

test('what clients send that is no message is ignored', async () => {
  await using api = await startNotebookApi({ withZygote: true })
  const { id } = await api.manager.start({})
  for (const protocol of ['v1', 'json'] as const) {
    using socket = await openKernelSocket(api.url, id, { protocol })
    for (const junk of [
      '',
      'ping',
      '{}',
      '{"header":{},"channel":"nowhere"}',
      Buffer.alloc(7),
      Buffer.alloc(200, 255),
    ]) {
      socket.webSocket.send(junk)
    }
    expect((await socket.execute('print("still here")')).text).toBe('still here\n')
  }
})

test('numbers that are too large for a double go through the text format as they are', async () => {
  await using api = await startNotebookApi({ withZygote: true })
  const { id } = await api.manager.start({})
  using socket = await openKernelSocket(api.url, id, { protocol: 'json' })
  await socket.execute(`
from comm import get_comm_manager
def take(comm, message): print(message['content']['data'])
get_comm_manager().register_target('take', take)`)
  const header = '{"msg_id":"m1","session":"s","username":"","date":"","msg_type":"comm_open","version":"5.3"}'
  socket.webSocket.send(
    `{"header":${header},"content":{"comm_id":"c","target_name":"take","data":{"n":12345678901234567890,"f":0.10000000000000001}}}`,
  )
  await socket.waitFor(({ content }) => content.text?.includes("{'n': 12345678901234567890, 'f': 0.1}") === true)
})
