import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { parse as parseYaml } from 'yaml'
import { basePath, secret, startTestServer, type TestServer } from '../testing/test-server.ts'

const contentsSchema = 'https://events.jupyter.org/jupyter_server/contents_service/v1'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ hub: { user: 'ada', serverName: '', basePath: '/', host: '' } })
})

afterAll(() => server[Symbol.asyncDispose]())

test('says its version and describes itself', async () => {
  expect((await server.ask('GET', 'api')).json()).toEqual({ version: expect.stringMatching(/^2\.\d+\.\d+$/) })
  const spec = await server.ask('GET', 'api/spec.yaml')
  const { openapi, paths } = parseYaml(spec.text) as { openapi: string; paths: Record<string, object> }
  expect(openapi).toBe('3.1.0')
  expect(Object.keys(paths['/api/contents/{path}'] ?? {})).toEqual([
    'parameters',
    'get',
    'put',
    'post',
    'patch',
    'delete',
  ])
})

test('says who is signed in and what they may do', async () => {
  const asked = encodeURIComponent('{"contents": ["read", "write"]}')
  expect((await server.ask('GET', `api/me?permissions=${asked}`)).json()).toEqual({
    identity: { username: 'ada', name: 'ada', display_name: 'ada', initials: 'A', avatar_url: null, color: null },
    permissions: { contents: ['read', 'write'], updatable_fields: [] },
  })
  expect((await server.ask('GET', 'api/me?permissions=nonsense')).status).toBe(400)
})

test('keeps what clients configure', async () => {
  expect((await server.ask('GET', 'api/config/lab')).json()).toEqual({})
  expect((await server.ask('PUT', 'api/config/lab', { a: { b: 1, c: 2 } })).status).toBe(204)
  const changed = await server.ask('PATCH', 'api/config/lab', { a: { b: null, d: [3] }, e: { f: 1 } })
  expect(changed.json()).toEqual({ a: { c: 2, d: [3] }, e: { f: 1 } })
  expect((await server.ask('GET', 'api/config/lab')).json()).toEqual(changed.json())
  expect(JSON.parse(await readFile(join(server.folder, 'jupyter/serverconfig/lab.json'), 'utf8'))).toEqual(
    changed.json(),
  )
  expect((await server.ask('PUT', 'api/config/lab', '[1]')).status).toBe(400)
  expect((await server.ask('GET', 'api/config/..%2f..%2fx')).status).toBe(404)
})

test('merges changes that come at the same time', async () => {
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
  await Promise.all(keys.map((key) => server.ask('PATCH', 'api/config/rush', { [key]: key })))
  expect(Object.keys((await server.ask('GET', 'api/config/rush')).json()).toSorted()).toEqual(keys.toSorted())
})

test('tells subscribers what happens to files', async () => {
  const socket = new WebSocket(`ws+unix:${server.socketPath}:${basePath}api/events/subscribe?token=${secret}`)
  await once(socket, 'open')
  const events: unknown[] = []
  socket.on('message', (data: Buffer) => events.push(JSON.parse(data.toString())))

  await server.ask('PUT', 'api/contents/a.txt', { type: 'file', format: 'text', content: 'x' })
  await server.ask('PATCH', 'api/contents/a.txt', { path: 'b.txt' })
  await server.ask('DELETE', 'api/contents/b.txt')
  const own = { schema_id: 'https://example.org/run', version: '1', data: { cell: 5 } }
  expect((await server.ask('POST', 'api/events', own)).status).toBe(204)

  const schema = 'https://events.jupyter.org/jupyter_server/contents_service/v1'
  await expect
    .poll(() => events)
    .toMatchObject([
      { __schema__: schema, action: 'save', path: 'a.txt' },
      { __schema__: schema, action: 'rename', path: 'b.txt', source_path: 'a.txt' },
      { __schema__: schema, action: 'delete', path: 'b.txt' },
      { __schema__: 'https://example.org/run', __schema_version__: '1', cell: 5 },
    ])
  socket.close()
})

test.each([
  [{}, 'schema_id'],
  [{ schema_id: 'https://x' }, 'version'],
  [{ schema_id: 'https://x', version: '1' }, 'data'],
  [{ schema_id: contentsSchema, version: '1', data: {} }, '"action"'],
  [{ schema_id: contentsSchema, version: '1', data: { action: 'save' } }, '"path"'],
  [{ schema_id: contentsSchema, version: '2', data: { action: 'save', path: 'a' } }, 'Unregistered version'],
  [{ schema_id: 'https://events.jupyter.org/jupyter_server/none/v1', version: '1', data: {} }, 'no schema'],
  ['[]', 'JSON object'],
])('refuses the event %j', async (event, message) => {
  const answer = await server.ask('POST', 'api/events', event)
  expect(answer.status).toBe(400)
  expect(answer.json()['message']).toContain(message)
})

test('finds the file that a path in a text means', async () => {
  await mkdir(join(server.home, 'deep'))
  await writeFile(join(server.home, 'deep/found.py'), '')
  const resolve = async (path: string) =>
    (await server.ask('GET', `api/resolvePath?path=${encodeURIComponent(path)}`)).json()['resolved']
  expect(await resolve('deep/found.py')).toEqual([{ scope: 'server', path: 'deep/found.py' }])
  expect(await resolve(join(server.home, 'deep/found.py'))).toEqual([{ scope: 'server', path: 'deep/found.py' }])
  expect(await resolve('/etc/passwd')).toEqual([])
  expect(await resolve('missing')).toEqual([])
})

test('claims no exporters and no language servers, and leaves its end to the hub', async () => {
  expect((await server.ask('GET', 'api/nbconvert')).json()).toEqual({})
  expect((await server.ask('GET', 'lsp/status')).json()).toEqual({ version: 2, sessions: {}, specs: {} })
  expect((await server.ask('POST', 'api/security/csp-report', { 'csp-report': {} })).status).toBe(204)
  expect((await server.ask('POST', 'api/shutdown')).status).toBe(403)
})

test('answers what does not exist as JSON', async () => {
  const answer = await server.ask('GET', 'api/nothing')
  expect(answer.status).toBe(404)
  expect(answer.json()).toMatchObject({ message: 'There is nothing at GET /api/nothing.', reason: null })
})
