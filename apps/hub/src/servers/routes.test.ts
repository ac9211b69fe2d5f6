import { expect, onTestFinished, test } from 'vitest'
import { createSilentLogger } from '@cygnet/core/log'
import type { ServerLimits } from './limits.ts'
import { createBasePath } from '../base-path.ts'
import { createProxy } from '../proxy/proxy.ts'
import { createTestHub, type TestHub } from '../testing/test-hub.ts'
import { createServerRoutes } from './routes.ts'
import { openWorld, type World } from './testing/test-servers.ts'

const base = createBasePath(undefined)

interface Place extends TestHub {
  world: World
  /** Calls the API with ada's token, or another's. */
  call: (method: string, path: string, body?: unknown, token?: string) => Promise<Response>
  rootToken: string
}

/** The hub with its routes, its proxy and real servers; ada is a user, root an administrator. */
async function openPlace(limits: Partial<ServerLimits> = {}): Promise<Place> {
  const world = await openWorld({ limits })
  onTestFinished(() => world[Symbol.asyncDispose]())
  const proxy = createProxy({ base, servers: world.servers, trustProxy: false, logger: createSilentLogger() })
  onTestFinished(() => proxy.close())
  const accounts = { find: async (name: string) => place.auth.accounts.find(name) }
  const routes = [createServerRoutes({ base, servers: world.servers, accounts })]
  const place = await createTestHub({ routes, proxy, states: world.servers })
  const ada = await place.auth.accounts.create({ name: 'ada', admin: false })
  const root = await place.auth.accounts.create({ name: 'root', admin: true })
  const adaToken = (await place.auth.tokens.create(ada, { note: '' })).secret
  const rootToken = (await place.auth.tokens.create(root, { note: '' })).secret
  return {
    ...place,
    world,
    rootToken,
    call(method, path, body, token = adaToken) {
      const headers = {
        authorization: `token ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      }
      return fetch(place.url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) })
    },
  }
}

function parseEvents(text: string): Array<Record<string, unknown>> {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => JSON.parse(block.replace(/^data: /, '')) as Record<string, unknown>)
}

test('a client of JupyterHub starts, watches, uses and stops its server', async () => {
  const { call, world } = await openPlace()
  expect(await (await call('GET', '/hub/api/users/ada')).json()).toMatchObject({
    server: null,
    pending: null,
    servers: {},
  })
  expect((await call('GET', '/hub/api/users/ada/server/progress')).status).toBe(404)
  expect((await call('GET', '/user/ada/api/status')).status).toBe(424)

  const started = await call('POST', '/hub/api/users/ada/server', { release: '2026.05', cores: 2 })
  expect(started.status).toBe(201)
  expect(await started.text()).toBe('')
  expect(await (await call('GET', '/hub/api/users/ada')).json()).toMatchObject({
    server: '/user/ada/',
    pending: null,
    servers: { '': { ready: true, pending: null, url: '/user/ada/', user_options: { release: '2026.05', cores: 2 } } },
  })
  expect(await (await call('GET', '/user/ada/api/status?x=1')).json()).toMatchObject({
    url: '/user/ada/api/status?x=1',
  })

  const again = await call('POST', '/hub/api/users/ada/server')
  expect(again.status).toBe(400)
  expect(await again.json()).toMatchObject({ message: expect.stringContaining('already running') })

  const progress = await call('GET', '/hub/api/users/ada/server/progress')
  expect(progress.headers.get('content-type')).toContain('text/event-stream')
  expect(parseEvents(await progress.text())).toEqual([
    {
      progress: 100,
      ready: true,
      message: 'Server ready at /user/ada/',
      html_message: 'Server ready at <a href="/user/ada/">/user/ada/</a>',
      url: '/user/ada/',
    },
  ])

  expect((await call('DELETE', '/hub/api/users/ada/server')).status).toBe(204)
  expect((await call('DELETE', '/hub/api/users/ada/server')).status).toBe(204)
  expect(await world.spawner.alive()).toEqual([])
  expect((await call('GET', '/user/ada/api/status')).status).toBe(424)
})

test('options may come as user_options too', async () => {
  const { call } = await openPlace()
  expect((await call('POST', '/hub/api/users/ada/server', { user_options: { cores: 4, profile: 'x' } })).status).toBe(
    201,
  )
  expect(await (await call('GET', '/api/v1/server')).json()).toMatchObject({
    phase: 'running',
    choice: { release: '2026.11', cores: 4, memoryGiB: 2 },
  })
  expect(await (await call('GET', '/api/v1/start-form')).json()).toMatchObject({ chosen: { cores: 4 } })
})

test('a start that takes longer is answered with 202, can be watched step by step, and cancelled', async () => {
  const { call, world } = await openPlace()
  world.mode = 'deaf'
  expect((await call('POST', '/hub/api/users/ada/server')).status).toBe(202)
  expect((await call('POST', '/hub/api/users/ada/server')).status).toBe(202)
  expect(await (await call('GET', '/hub/api/users/ada')).json()).toMatchObject({
    pending: 'spawn',
    servers: { '': { ready: false, pending: 'spawn' } },
  })
  const progress = await call('GET', '/hub/api/users/ada/server/progress')
  expect((await call('GET', '/user/ada/api/status')).status).toBe(503)
  expect((await call('DELETE', '/hub/api/users/ada/server')).status).toBe(204)
  const events = parseEvents(await progress.text())
  expect(events[0]).toMatchObject({ progress: expect.any(Number), message: expect.any(String) })
  expect(events.at(-1)).toEqual({ progress: 100, failed: true, message: 'Spawn failed: The start was cancelled.' })
})

test('a start that fails says why, at once and to whoever asks later', async () => {
  const { call, world } = await openPlace()
  world.mode = 'locked'
  const failed = await call('POST', '/hub/api/users/ada/server')
  expect(failed.status).toBe(503)
  expect(await failed.json()).toMatchObject({ message: expect.stringContaining('does not accept') })
  const events = parseEvents(await (await call('GET', '/hub/api/users/ada/server/progress')).text())
  expect(events).toEqual([{ progress: 100, failed: true, message: expect.stringContaining('does not accept') }])
  expect(await (await call('GET', '/api/v1/server')).json()).toMatchObject({
    phase: 'stopped',
    reason: expect.stringContaining('does not accept'),
  })
})

test('what cannot be had is refused by name', async () => {
  const { call } = await openPlace()
  for (const [body, value] of [
    [{ release: 'none' }, '"none"'],
    [{ cores: 99 }, '99 cores'],
    [{ memoryGiB: 'much' }, 'memoryGiB'],
  ] as const) {
    const answer = await call('POST', '/hub/api/users/ada/server', body)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining(value) })
  }
})

test('an administrator starts, sees and stops another’s server, and reaches it not', async () => {
  const { call, rootToken } = await openPlace()
  expect((await call('POST', '/hub/api/users/ada/server', undefined, rootToken)).status).toBe(201)
  expect(await (await call('GET', '/api/v1/servers', undefined, rootToken)).json()).toMatchObject([
    { user: 'ada', phase: 'running' },
  ])
  expect((await call('GET', '/api/v1/servers')).status).toBe(403)
  expect((await call('GET', '/user/ada/api/status', undefined, rootToken)).status).toBe(403)
  expect((await call('POST', '/hub/api/users/root/server')).status).toBe(404)
  expect((await call('POST', '/hub/api/users/nobody/server', undefined, rootToken)).status).toBe(404)
  expect((await call('DELETE', '/hub/api/users/ada', undefined, rootToken)).status).toBe(204)
  expect(await (await call('GET', '/api/v1/servers', undefined, rootToken)).json()).toEqual([])
})

test('a watcher who goes away leaves the start alone', async () => {
  const { call, world } = await openPlace()
  world.mode = 'deaf'
  expect((await call('POST', '/hub/api/users/ada/server')).status).toBe(202)
  const progress = await call('GET', '/hub/api/users/ada/server/progress')
  await progress.body?.cancel()
  expect(world.servers.route('ada').at).toBe('starting')
})

test('what a server says when it dies is on the page that starts it again', async () => {
  const { call, url, world, auth } = await openPlace()
  await call('POST', '/hub/api/users/ada/server')
  await call('GET', '/user/ada/die')
  await expect.poll(() => world.servers.route('ada').at).toBe('stopped')
  const user = await auth.accounts.find('ada')
  if (user === undefined) throw new Error('Ada is gone.')
  const { secret: token } = await auth.tokens.create(user, { note: '' })
  const page = await fetch(`${url}/user/ada/lab`, { headers: { authorization: `token ${token}`, accept: 'text/html' } })
  expect(page.status).toBe(424)
  const html = await page.text()
  expect(html).toContain('out of memory')
  expect(html).toContain('/start?next=%2Fuser%2Fada%2Flab')
})
