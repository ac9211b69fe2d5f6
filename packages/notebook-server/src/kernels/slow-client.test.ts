import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executeContent, openKernelSocket, type KernelSocket, type Protocol } from '../testing/kernel-socket.ts'
import { startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'
import type { Kernel } from './kernel.ts'

const count = 30_000

/** Publishes `count` numbered messages of 4 kB as fast as it can, 120 MB in all. */
const burst = `
publish = get_ipython().display_pub.publish
for i in range(${count}): publish({'text/plain': '%06d' % i + 'x' * 4000})`

function numbersIn(socket: KernelSocket): number[] {
  return socket.received.flatMap(({ type, content }) =>
    type === 'display_data' ? [Number(content.data?.['text/plain']?.slice(0, 6))] : [],
  )
}

/** `first to last` of numbers without a gap, else where the gaps are. */
function describeRun(numbers: number[]): string {
  const breaks = numbers.flatMap((number, index) => {
    const previous = numbers[index - 1]
    return previous === undefined || number === previous + 1 ? [] : [`${previous} then ${number}`]
  })
  return [`${numbers[0]} to ${numbers.at(-1)}`, ...breaks.slice(0, 10)].join(', ')
}

/** What is still needed after all garbage was collected. */
function retainedBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('clients that do not keep up', () => {
  let api: NotebookApi
  beforeAll(async () => {
    api = await startNotebookApi({ withZygote: true })
  })
  afterAll(() => api[Symbol.asyncDispose]())

  async function start(): Promise<Kernel> {
    return api.manager.start({})
  }

  test.each(['v1', 'json'] as const)('get a burst whole, with the server’s memory bounded: %s', async (protocol) => {
    const kernel = await start()
    using slow = await openKernelSocket(api.url, kernel.id, { protocol })
    using quick = await openKernelSocket(api.url, kernel.id)
    slow.webSocket.pause()
    const before = retainedBytes()
    const asked = quick.send('shell', 'execute_request', { ...executeContent, code: burst })
    await quick.waitFor(({ parent, content }) => parent === asked && content.execution_state === 'idle')
    expect(describeRun(numbersIn(quick))).toBe(`0 to ${count - 1}`)
    quick.received.length = 0
    // What is on its way between the two ends in this process comes and goes.
    await expect.poll(() => retainedBytes() - before, { timeout: 30_000 }).toBeLessThan(20_000_000)
    expect(slow.received.length).toBeLessThan(2000)
    slow.webSocket.resume()
    await slow.waitFor(({ parent, content }) => parent === asked && content.execution_state === 'idle')
    expect(describeRun(numbersIn(slow))).toBe(`0 to ${count - 1}`)
    await api.manager.shutdown(kernel.id)
  })

  test.each([
    ['v1', 'v1'],
    ['json', 'json'],
    ['v1', 'json'],
  ] satisfies Array<[Protocol, Protocol]>)(
    'get what they missed when they come back: %s, %s',
    async (first, second) => {
      const kernel = await start()
      const sessionId = crypto.randomUUID()
      const away = await openKernelSocket(api.url, kernel.id, { protocol: first, sessionId })
      using other = await openKernelSocket(api.url, kernel.id)
      const code = 'print("one")\ninput("go?")\nprint("two"); 3'
      const asked = away.send('shell', 'execute_request', { ...executeContent, code })
      await away.waitFor(({ type }) => type === 'input_request')
      away.webSocket.terminate()
      await expect.poll(() => kernel.clients.attached).toBe(1)
      // The kernel still waits for the answer of the client that is away: another process of its session gives it.
      const back = await openKernelSocket(api.url, kernel.id, { protocol: second, sessionId })
      back.send('stdin', 'input_reply', { value: 'go' })
      back.webSocket.terminate()
      await other.waitFor(({ parent, content }) => parent === asked && content.execution_state === 'idle')
      using again = await openKernelSocket(api.url, kernel.id, { protocol: second, sessionId })
      const reply = await again.waitFor(({ type, parent }) => type === 'execute_reply' && parent === asked)
      expect(reply.content.status).toBe('ok')
      await again.waitFor(({ parent, content }) => parent === asked && content.execution_state === 'idle')
      const all = [...away.received, ...back.received, ...again.received].filter(({ parent }) => parent === asked)
      expect(all.filter(({ type }) => type === 'stream').map(({ content }) => content.text)).toEqual(['one\n', 'two\n'])
      expect(all.filter(({ type }) => type === 'execute_result')).toHaveLength(1)
      expect(all.filter(({ type }) => type === 'execute_reply')).toHaveLength(1)
      expect(other.received.filter(({ channel }) => channel !== 'iopub')).toEqual([])
      await api.manager.shutdown(kernel.id)
    },
  )

  test('get the burst when they come back after it', async () => {
    const kernel = await start()
    const sessionId = crypto.randomUUID()
    const away = await openKernelSocket(api.url, kernel.id, { sessionId })
    const asked = away.send('shell', 'execute_request', { ...executeContent, code: burst })
    await away.waitFor(({ content }) => content.execution_state === 'busy')
    away.webSocket.terminate()
    await expect.poll(() => kernel.clients.attached).toBe(0)
    await expect.poll(() => kernel.toModel().execution_state, { timeout: 100_000 }).toBe('idle')
    using back = await openKernelSocket(api.url, kernel.id, { sessionId })
    await back.waitFor(({ parent, content }) => parent === asked && content.execution_state === 'idle')
    const numbers = numbersIn(back)
    // What was on its way when the connection broke is lost with it; from there on nothing is.
    expect(describeRun(numbers)).toBe(`${count - numbers.length} to ${count - 1}`)
    expect(numbers.length).toBeGreaterThan(count / 2)
    await api.manager.shutdown(kernel.id)
  })

  test('a newcomer does not get what was published before', async () => {
    const kernel = await start()
    using first = await openKernelSocket(api.url, kernel.id, { sessionId: 'first' })
    await first.execute('print("early")')
    using second = await openKernelSocket(api.url, kernel.id, { sessionId: 'second' })
    await second.execute('print("late")')
    expect(second.received.map(({ content }) => content.text).filter(Boolean)).toEqual(['late\n'])
    await api.manager.shutdown(kernel.id)
  })

  test('a session that connects twice has its first connection closed', async () => {
    const kernel = await start()
    using first = await openKernelSocket(api.url, kernel.id, { sessionId: 'same' })
    using second = await openKernelSocket(api.url, kernel.id, { sessionId: 'same' })
    await expect.poll(() => first.webSocket.readyState).toBe(first.webSocket.CLOSED)
    expect((await second.execute('print("mine")')).text).toBe('mine\n')
    expect(kernel.clients.attached).toBe(1)
    await api.manager.shutdown(kernel.id)
  })
})

test('where more waits than is kept, output gives way to a line that says so, and ends are kept', async () => {
  await using api = await startNotebookApi({
    withZygote: true,
    backlog: { memoryBytes: 200_000, totalBytes: 4_000_000 },
  })
  const kernel = await api.manager.start({})
  const sessionId = 'away'
  const away = await openKernelSocket(api.url, kernel.id, { sessionId })
  away.webSocket.terminate()
  await expect.poll(() => kernel.clients.attached).toBe(0)
  using other = await openKernelSocket(api.url, kernel.id)
  const { reply } = await other.execute(burst.replace(String(count), '3000'))
  using back = await openKernelSocket(api.url, kernel.id, { sessionId })
  await back.waitFor(({ parent, content }) => parent === reply.parent && content.execution_state === 'idle')
  const numbers = numbersIn(back)
  expect(describeRun(numbers)).toBe(`0 to ${numbers.length - 1}`)
  expect(numbers.length).toBeGreaterThan(500)
  expect(numbers.length).toBeLessThan(1100)
  const notices = back.received.filter(({ content }) => content.text?.includes('Output is missing') === true)
  expect(notices).toMatchObject([{ type: 'stream', parent: reply.parent, content: { name: 'stderr' } }])
  expect((await back.execute('print("on")')).text).toBe('on\n')
})
