import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { isAlive } from '../testing/is-alive.ts'
import { json, startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'
import { openTerminalSocket, type TerminalSocket } from '../testing/terminal-socket.ts'
import type { TerminalModel } from './terminal.ts'

let api: NotebookApi
beforeAll(async () => {
  api = await startNotebookApi()
})
afterAll(() => api[Symbol.asyncDispose]())

async function create(body: object = {}): Promise<string> {
  const answer = await api.fetch<TerminalModel>('api/terminals', json(body))
  expect(answer).toMatchObject({ status: 200, body: { name: expect.any(String), last_activity: expect.any(String) } })
  return answer.body.name
}

async function until(socket: TerminalSocket, pattern: RegExp): Promise<RegExpExecArray> {
  await expect.poll(() => socket.text, { timeout: 50_000 }).toMatch(pattern)
  return pattern.exec(socket.text) ?? expect.fail(`${pattern} is not in ${socket.text}`)
}

test('opens a login shell in the root', async () => {
  const name = await create()
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', 'echo "$TERM|$PWD|$(shopt login_shell)|é" | tr a-z A-Z\r')
  await until(socket, /XTERM-256COLOR\|\/TMP\/.*\/HOME\|LOGIN_SHELL\s+ON\|/)
  expect(socket.messages[0]).toEqual(['setup', {}])
  expect((await api.fetch<TerminalModel[]>('api/terminals')).body.map((model) => model.name)).toContain(name)
  expect(api.terminals.activity()).toMatchObject({ terminals: 1, connections: 1 })
  expect((await api.fetch(`api/terminals/${name}`, { method: 'DELETE' })).status).toBe(204)
  expect((await api.fetch(`api/terminals/${name}`)).status).toBe(404)
  expect(socket.messages.at(-1)).toEqual(['disconnect', 1])
})

test('starts where it is asked to', async () => {
  await mkdir(join(api.root, 'sub folder'))
  for (const [cwd, shown] of [
    ['sub folder', join(api.root, 'sub folder')],
    ['/usr/bin', '/usr/bin'],
    ['none/of/it', api.root],
    ['../../..', api.root],
    ['', api.root],
  ] as const) {
    const name = await create({ cwd })
    using socket = await openTerminalSocket(api.url, name)
    socket.send('stdin', 'echo "[$(pwd)]"\r')
    await until(socket, new RegExp(`\\[${shown}\\]`))
    await api.terminals.remove(name)
  }
})

test('starts also in a folder whose name is no UTF-8', async () => {
  vi.stubEnv('TMPDIR', api.root)
  onTestFinished(() => void vi.unstubAllEnvs())
  await mkdir(Buffer.concat([Buffer.from(`${api.root}/`), Buffer.from([0xfc, 0x62])]))
  const name = await create({ cwd: '‛FCb/none' })
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', 'pwd -P | od -An -c | tail -n 2 | tr -d "\\n"\r')
  await until(socket, /374 {3}b {2}\\n/)
  await api.terminals.remove(name)
})

test('takes the size of its smallest client', async () => {
  const name = await create()
  using large = await openTerminalSocket(api.url, name)
  using small = await openTerminalSocket(api.url, name)
  large.send('set_size', 50, 200, 1000, 1000)
  small.send('set_size', 24, 100)
  small.send('set_size', 0, null)
  await expect
    .poll(
      async () => {
        small.send('stdin', 'stty size\r')
        return small.text
      },
      { timeout: 20_000 },
    )
    .toMatch(/24 100\r\n/)
  small.webSocket.close()
  await expect
    .poll(
      async () => {
        large.send('stdin', 'stty size\r')
        return large.text
      },
      { timeout: 20_000 },
    )
    .toMatch(/50 200\r\n/)
  await api.terminals.remove(name)
})

test('shows what was printed before to a client that joins', async () => {
  const name = await create()
  const first = await openTerminalSocket(api.url, name)
  first.send('stdin', 'for i in $(seq 100000); do echo "line $i of many"; done; echo the-$((40 + 2))nd\r')
  await until(first, /the-42nd/)
  first.webSocket.terminate()
  using second = await openTerminalSocket(api.url, name)
  await until(second, /the-42nd/)
  expect(second.text.length).toBeLessThanOrEqual(600_000)
  expect(second.text).toMatch(/^line \d+ of many\r\n/)
  await api.terminals.remove(name)
})

test('waits for a slow client, and loses nothing', async () => {
  const name = await create()
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', 'stty -echo; echo rea""dy\r')
  await until(socket, /ready/)
  socket.webSocket.pause()
  socket.send('stdin', 'seq 1500000; echo do""ne\r')
  // As much as the buffers hold was printed, and no more comes.
  const stamp = (): string => api.terminals.get(name).lastActivity.toISOString()
  let last = ''
  await expect
    .poll(
      () => {
        const still = stamp() === last
        last = stamp()
        return still
      },
      { interval: 700, timeout: 60_000 },
    )
    .toBe(true)
  const before = socket.text.length
  socket.webSocket.resume()
  await until(socket, /done/)
  const numbers = socket.text.split('\r\n').filter((line) => /^\d+$/.test(line))
  expect(numbers).toHaveLength(1_500_000)
  expect(before).toBeLessThan(socket.text.length / 2)
  await api.terminals.remove(name)
})

test('ends with its shell, and takes what the shell started with it', async () => {
  const name = await create()
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', 'sleep 1000 & echo "pids: $$ $!."\r')
  const [, shell, child] = await until(socket, /pids: (\d+) (\d+)\./)
  await api.terminals.remove(name)
  expect(await isAlive(Number(shell))).toBe(false)
  await expect.poll(() => isAlive(Number(child)), { timeout: 20_000 }).toBe(false)

  const other = await create()
  using leaving = await openTerminalSocket(api.url, other)
  leaving.send('stdin', 'exit\r')
  await expect.poll(() => leaving.messages.at(-1)).toEqual(['disconnect', 1])
  await expect.poll(() => leaving.webSocket.readyState).toBe(leaving.webSocket.CLOSED)
  await expect.poll(() => api.terminals.list()).toEqual([])
})

test('a shell that does not want to end is killed', async () => {
  const name = await create()
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', `trap '' HUP TERM; echo "pid: $$."\r`)
  const [, shell] = await until(socket, /pid: (\d+)\./)
  await api.terminals.remove(name)
  expect(await isAlive(Number(shell))).toBe(false)
})

test('a name of one’s own joins the terminal of that name', async () => {
  expect(await create({ name: 'mine' })).toBe('mine')
  expect(await create({ name: 'mine' })).toBe('mine')
  expect(api.terminals.list().filter(({ name }) => name === 'mine')).toHaveLength(1)
  await api.terminals.remove('mine')
})

test('what is wrong is answered so', async () => {
  expect((await api.fetch('api/terminals', json({ name: '../x' }))).status).toBe(400)
  expect((await api.fetch('api/terminals', json({ cwd: 5 }))).status).toBe(400)
  expect((await api.fetch('api/terminals/99')).status).toBe(404)
  expect((await api.fetch('api/terminals/99', { method: 'DELETE' })).status).toBe(404)
  await expect(openTerminalSocket(api.url, '99')).rejects.toThrow('404')
  expect((await api.fetch('api/terminals', { method: 'POST' })).status).toBe(200)
  const name = api.terminals.list()[0]?.name ?? ''
  using socket = await openTerminalSocket(api.url, name)
  for (const junk of ['', 'x', '[]', '["stdin"]', '["stdin", 5]', '["set_size", -1, 5]', '{}'])
    socket.webSocket.send(junk)
  socket.send('stdin', 'echo still-$((1 + 1))\r')
  await until(socket, /still-2/)
})

test('input that nobody reads does not hold up the server', async () => {
  const name = await create()
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', 'stty raw -echo; echo de""af; sleep 1000\r')
  await until(socket, /deaf/)
  for (let count = 0; count < 20; count++) socket.send('stdin', 'x'.repeat(100_000))
  expect((await api.fetch<TerminalModel>(`api/terminals/${name}`)).status).toBe(200)
  await api.terminals.remove(name)
})

test('a large paste arrives whole', async () => {
  const name = await create()
  using socket = await openTerminalSocket(api.url, name)
  socket.send('stdin', 'stty raw -echo; echo rea""dy; head -c 3000000 | md5sum\r')
  await until(socket, /ready/)
  const text = 'ä0123456789'.repeat(250_000)
  socket.send('stdin', text)
  await until(socket, new RegExp(createHash('md5').update(text).digest('hex')))
  await api.terminals.remove(name)
})
