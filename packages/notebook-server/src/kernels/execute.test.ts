import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'
import { executeContent, openKernelSocket, type KernelSocket, type Protocol } from '../testing/kernel-socket.ts'

describe.each([
  { start: 'forked', withZygote: true },
  { start: 'ordinary', withZygote: false },
])('a kernel, $start', ({ withZygote }) => {
  let api: NotebookApi
  let id: string

  beforeAll(async () => {
    api = await startNotebookApi({ withZygote })
    const kernel = await api.fetch('api/kernels', { method: 'POST' })
    expect(kernel.status).toBe(201)
    id = kernel.body.id
  })
  afterAll(() => api[Symbol.asyncDispose]())

  async function open(protocol: Protocol = 'v1'): Promise<KernelSocket> {
    return openKernelSocket(api.url, id, { protocol, sessionId: crypto.randomUUID() })
  }

  describe.each(['v1', 'json'] as const)('over %s', (protocol) => {
    test('runs code and publishes all of it', async () => {
      using socket = await open(protocol)
      const { reply, published, text } = await socket.execute('print("ü" * 3); 6 * 7')
      expect(reply.content.status).toBe('ok')
      expect(text).toBe('üüü\n42')
      expect(published.map((message) => message.type)).toEqual([
        'status',
        'execute_input',
        'stream',
        'execute_result',
        'status',
      ])
    })

    test('carries binary buffers both ways', async () => {
      using socket = await open(protocol)
      await socket.execute(`
from comm import create_comm, get_comm_manager
def echo(comm, message):
    @comm.on_msg
    def answer(message):
        comm.send({'count': len(message['buffers'])}, buffers=[bytes(b)[::-1] for b in message['buffers']])
get_comm_manager().register_target('echo', echo)`)
      socket.send('shell', 'comm_open', { comm_id: `c-${protocol}`, target_name: 'echo', data: {} })
      const buffers = [Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.alloc(3_000_000, 7)]
      const asked = socket.send('shell', 'comm_msg', { comm_id: `c-${protocol}`, data: {} }, buffers)
      const answer = await socket.waitFor(({ type, parent }) => type === 'comm_msg' && parent === asked)
      expect(answer.content.data).toEqual({ count: 3 })
      expect(answer.buffers.map((buffer) => buffer.length)).toEqual([3, 0, 3_000_000])
      expect(answer.buffers[0]).toEqual(Buffer.from([3, 2, 1]))
    })

    test('asks for input and takes the answer', async () => {
      using socket = await open(protocol)
      const asked = socket.send('shell', 'execute_request', { ...executeContent, code: 'print(input("name? ") * 2)' })
      const question = await socket.waitFor(({ channel }) => channel === 'stdin')
      expect(question).toMatchObject({ type: 'input_request', parent: asked, content: { prompt: 'name? ' } })
      socket.send('stdin', 'input_reply', { value: 'Ada' })
      await socket.waitFor(({ content, parent }) => content.text === 'AdaAda\n' && parent === asked)
    })

    test('carries NaN so that a browser can read it', async () => {
      using socket = await open(protocol)
      const { published } = await socket.execute(`
import json
from jupyter_client.session import Session
kernel = get_ipython().kernel
careless = Session(key=kernel.session.key)
careless.pack = lambda value: json.dumps(value, default=str).encode()
data = {'application/json': [float('nan'), -float('inf'), 'NaN', 1.5, 2**70], 'text/plain': 'NaN'}
content = {'data': data, 'metadata': {'score': float('nan')}, 'transient': {}}
careless.send(kernel.iopub_socket, 'display_data', content, parent=kernel.get_parent())
kernel.iopub_thread.flush()`)
      expect(published.filter(({ type }) => type === 'display_data').map(({ content }) => content)).toEqual([
        {
          data: { 'application/json': [null, null, 'NaN', 1.5, 2 ** 70], 'text/plain': 'NaN' },
          metadata: { score: null },
          transient: {},
        },
      ])
    })

    test('interrupts a loop that sleeps', async () => {
      using socket = await open(protocol)
      const code = 'import time\nprint("on")\nwhile True: time.sleep(0.05)'
      const asked = socket.send('shell', 'execute_request', { ...executeContent, code })
      await socket.waitFor(({ content }) => content.text?.includes('on') === true)
      await expect.poll(async () => (await api.fetch(`api/kernels/${id}`)).body.execution_state).toBe('busy')
      expect((await api.fetch(`api/kernels/${id}/interrupt`, { method: 'POST' })).status).toBe(204)
      const reply = await socket.waitFor(({ type, parent }) => type === 'execute_reply' && parent === asked)
      expect(reply.content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' })
    })
  })

  test('publishes to all clients and replies to the one that asked', async () => {
    using asking = await open()
    using watching = await open('json')
    const { reply } = await asking.execute('print("shared")')
    await watching.waitFor(({ parent, content }) => parent === reply.parent && content.execution_state === 'idle')
    expect(watching.received.some(({ content }) => content.text === 'shared\n')).toBe(true)
    expect(watching.received.filter(({ channel }) => channel === 'shell')).toEqual([])
    expect((await api.fetch(`api/kernels/${id}`)).body.connections).toBeGreaterThanOrEqual(2)
  })

  test('answers on its control channel while it is busy', async () => {
    using socket = await open()
    const code = 'import time\nprint("on")\ntime.sleep(60)'
    const busy = socket.send('shell', 'execute_request', { ...executeContent, code })
    await socket.waitFor(({ content }) => content.text?.includes('on') === true)
    const info = socket.send('control', 'kernel_info_request', {})
    const reply = await socket.waitFor(({ type, parent }) => type === 'kernel_info_reply' && parent === info)
    expect(reply).toMatchObject({
      channel: 'control',
      content: { supported_features: expect.arrayContaining(['debugger']) },
    })
    await api.fetch(`api/kernels/${id}/interrupt`, { method: 'POST' })
    await socket.waitFor(({ type, parent }) => type === 'execute_reply' && parent === busy)
  })

  test('behaves in Python as a kernel does that was started by itself', async () => {
    using socket = await open()
    const run = async (code: string): Promise<string> => (await socket.execute(code)).text.trim()
    expect(await run('import os; print(os.getpgid(0) == os.getsid(0) == os.getpid(), os.getcwd())')).toBe(
      `True ${api.root}`,
    )
    expect(await run('!echo from the shell; exit 3')).toContain('from the shell')
    expect(await run('print(_exit_code)')).toBe('3')
    expect(await run('import subprocess; print(subprocess.run(["true"]).returncode)')).toBe('0')
    expect(
      await run(
        'import multiprocessing as m\nwith m.get_context("fork").Pool(2) as p: print(p.map(abs, [-1, -2]))\n' +
          'with m.get_context("spawn").Pool(2) as p: print(p.map(abs, [-3]))',
      ),
    ).toBe('[1, 2]\n[3]')
    expect(await run('import signal; print(signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL)')).toBe('True')
    expect(await run('print(__name__, __import__("sys").modules["__main__"].__dict__ is globals())')).toBe(
      '__main__ True',
    )
    const plot = await socket.execute('import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()')
    expect(plot.published.find(({ type }) => type === 'display_data')?.content.data?.['image/png']).toMatch(/^iVBOR/)
    expect(await run('from ipywidgets import IntSlider; s = IntSlider(5); print(s.comm is not None, s.value)')).toBe(
      'True 5',
    )
    expect(await run('import numpy as np; a = np.random.rand(300, 300); print((a @ a).shape)')).toBe('(300, 300)')
    await run('import os; os.write(2, b"raw\\n") and None')
    await socket.waitFor(({ content }) => content['name'] === 'stderr' && content.text?.includes('raw') === true)
  })

  test('stops at a breakpoint of the debugger', async () => {
    using socket = await open()
    let sequence = 0
    const debug = async (command: string, args: object = {}): Promise<Record<string, unknown>> => {
      const request = { seq: ++sequence, type: 'request', command, arguments: args }
      const asked = socket.send('control', 'debug_request', request)
      const { content } = await socket.waitFor(({ type, parent }) => type === 'debug_reply' && parent === asked)
      expect(content).toMatchObject({ success: true })
      return content['body'] as Record<string, unknown>
    }
    await debug('initialize', { clientID: 'test', adapterID: '', pathFormat: 'path', linesStartAt1: true })
    await debug('attach')
    const code = 'reached = 1\nreached = 2\n'
    const { sourcePath } = await debug('dumpCell', { code })
    await debug('setBreakpoints', { source: { path: sourcePath }, breakpoints: [{ line: 2 }], sourceModified: false })
    await debug('configurationDone')
    const run = socket.send('shell', 'execute_request', { ...executeContent, code })
    const stopped = await socket.waitFor(
      ({ type, content }) => type === 'debug_event' && content['event'] === 'stopped',
    )
    expect(stopped.content).toMatchObject({ body: { reason: 'breakpoint' } })
    await debug('continue', { threadId: (stopped.content['body'] as { threadId: number }).threadId })
    await socket.waitFor(({ type, parent }) => type === 'execute_reply' && parent === run)
  })
})

test('kernels that were forked from one process have random numbers of their own', async () => {
  await using api = await startNotebookApi({ withZygote: true })
  const code = 'import random, numpy, uuid; print(random.random(), numpy.random.rand(), uuid.uuid4())'
  const drawn = []
  for (let count = 0; count < 2; count++) {
    const kernel = await api.manager.start({})
    using socket = await openKernelSocket(api.url, kernel.id)
    drawn.push(...(await socket.execute(code)).text.trim().split(' '))
  }
  expect(new Set(drawn).size).toBe(6)
})
