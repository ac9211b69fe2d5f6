import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createTestHub } from '@cygnet/hub/testing/test-hub'
import { onTestFinished, expect, test } from 'vitest'
import { openSessionDoor } from './session-door.ts'

const logged: string[] = []
const log = pino({}, { write: (line: string) => void logged.push(line) })

async function makeData(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-door-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function isServed(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/hub/api/health`)).ok
}

test('the door of sessions opens where it was before', async () => {
  const data = await makeData()
  const first = await createTestHub({ trustProxy: true })
  const port = await openSessionDoor(first.hub, data, log)
  expect(port).not.toBe(first.port)
  expect(await isServed(port)).toBe(true)
  await first.hub.close()
  await expect(isServed(port)).rejects.toThrow()

  const second = await createTestHub({ trustProxy: true })
  expect(await openSessionDoor(second.hub, data, log)).toBe(port)
  expect(await isServed(port)).toBe(true)
  expect(logged).toEqual([])
})

test('where somebody else listens at its place, another is taken, told and remembered', async () => {
  const data = await makeData()
  const other = await occupy()
  const address = other.address()
  const taken = typeof address === 'object' && address !== null ? address.port : 0
  await writeFile(join(data, 'session-port'), `${taken}\n`)
  const { hub } = await createTestHub({ trustProxy: true })
  const port = await openSessionDoor(hub, data, log)
  expect(port).not.toBe(taken)
  expect(await isServed(port)).toBe(true)
  expect(await readFile(join(data, 'session-port'), 'utf8')).toBe(`${port}\n`)
  expect(logged.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ level: 40, taken, port }),
  ])
})

test.each(['', 'no port', '-1', '70000', '1.5'])('a file that says "%s" names no port', async (text) => {
  const data = await makeData()
  await writeFile(join(data, 'session-port'), text)
  const { hub } = await createTestHub({ trustProxy: true })
  expect(await isServed(await openSessionDoor(hub, data, log))).toBe(true)
})

async function occupy(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return server
}
