import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { execute } from '../support/kernel-client.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'

const config = { trustProxy: true, signIn: { attempts: 1 } }

let service: RunningService

beforeAll(async () => {
  service = await startService({ config })
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
})

test('a session reaches the service by a door of its own, also after the service was killed', async () => {
  const visitor = createVisitor(service.url)
  await visitor.send('GET', (service.firstLink ?? '').slice(service.url.length))
  await visitor.send('POST', '/hub/api/users/admin/server', {})
  await (await visitor.send('GET', '/hub/api/users/admin/server/progress')).text()
  const kernel = await visitor.json<{ id: string }>('POST', '/user/admin/api/kernels', { name: 'python3' })
  const door = await run(visitor, kernel.id, 'import os; print(os.environ["CYGNET_URL"], end="")')
  expect(door).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(door).not.toBe(service.url)
  expect(await run(visitor, kernel.id, guess('10.0.0.1'))).toBe('403')
  expect(await run(visitor, kernel.id, guess('10.0.0.2'))).toBe('429')

  await service.kill()
  const port = Number(new URL(service.url).port)
  service = await startService({ data: service.data, config: { ...config, port } })
  expect(await run(visitor, kernel.id, guess('10.0.0.3'))).toBe('403')
  expect(await run(visitor, kernel.id, guess('10.0.0.4'))).toBe('429')
})

/** Tries a wrong password from within a session, which says that it comes from `address`. */
function guess(address: string): string {
  return `
import json, os, urllib.error, urllib.request
body = json.dumps({"auth": {"username": "bob", "password": "wrong"}}).encode()
url = os.environ["CYGNET_URL"] + "/hub/api/users/bob/tokens"
try:
    urllib.request.urlopen(urllib.request.Request(url, body, {"X-Forwarded-For": "${address}"}))
except urllib.error.HTTPError as error:
    print(error.code, end="")
`
}

async function run(visitor: Visitor, kernel: string, code: string): Promise<string> {
  const socket = visitor.open(`/user/admin/api/kernels/${kernel}/channels?session_id=${randomUUID()}`)
  try {
    return (await execute(socket, code)).map((output) => String(output['text'])).join('')
  } finally {
    socket.close()
  }
}
