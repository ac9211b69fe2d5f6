import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Mount } from '@cygnet/spawners/spawner'
import { expect, onTestFinished, test } from 'vitest'
import { ada, ask, bob, collect, openWorld, releases, startFully } from './testing/test-servers.ts'

const execute = promisify(execFile)

test('a start tells its steps, also to who comes late, and ends with a server that knows its secret', async () => {
  await using world = await openWorld()
  const { servers, spawner } = world
  expect(servers.route('ada')).toEqual({ at: 'stopped', reason: null })
  expect(servers.of(ada.id)).toBeNull()
  await servers.start(ada, { cores: 2 })
  expect(servers.route('ada').at).toBe('starting')
  const [early, late] = await Promise.all([collect(servers), collect(servers)])
  expect(early).toEqual(late)
  expect(early.slice(0, -1).every((event) => event.kind === 'step' && event.percent < 100)).toBe(true)
  expect(early).toContainEqual({ kind: 'step', percent: 48, message: 'Starting a process' })
  expect(early.at(-1)).toEqual({ kind: 'ready' })
  expect(await collect(servers)).toEqual([{ kind: 'ready' }])

  const { environment } = await ask(servers, 'x')
  const route = servers.route('ada')
  const secret = route.at === 'running' ? route.target.authorization.replace('token ', '') : ''
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(environment).toMatchObject({
    CYGNET_SECRET_SHA256: createHash('sha256').update(secret).digest('hex'),
    CYGNET_BASE_PATH: '/user/ada/',
    CYGNET_URL: 'http://hub',
    JUPYTERHUB_USER: 'ada',
    JUPYTERHUB_SERVICE_PREFIX: '/user/ada/',
    MEM_LIMIT: String(2 * 2 ** 30),
    CPU_LIMIT: '2',
  })
  expect(JSON.stringify(environment)).not.toContain(secret)
  expect(spawner.requests[0]).toMatchObject({ limits: { cores: 2, memoryBytes: 2 ** 31, processes: 100 } })
  expect(await servers.view(ada)).toMatchObject({
    phase: 'running',
    url: '/user/ada/',
    choice: { release: '2026.11', cores: 2, memoryGiB: 2 },
    memory: { used: 1, limit: 2 },
  })
  expect(servers.of(ada.id)).toMatchObject({ phase: 'running', options: { release: '2026.11', cores: 2 } })
})

test('starting twice at once starts one server; starting a running one is refused', async () => {
  await using world = await openWorld()
  await Promise.all([world.servers.start(ada, {}), world.servers.start(ada, {}), startFully(world.servers)])
  expect(world.spawner.requests).toHaveLength(1)
  await expect(world.servers.start(ada, {})).rejects.toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(/already running/),
  })
  expect(await world.spawner.alive()).toHaveLength(1)
})

test('a stop ends the server and what is connected to it; stopping again is no error', async () => {
  await using world = await openWorld()
  const { servers, spawner } = world
  await startFully(servers)
  const route = servers.route('ada')
  const stops = [servers.stop(ada), servers.stop(ada)]
  expect(servers.of(ada.id)?.phase).toBe('stopping')
  await expect(servers.start(ada, {})).rejects.toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(/is stopping/),
  })
  await Promise.all(stops)
  await servers.stop(ada)
  await servers.stop(bob)
  expect(route.at === 'running' && route.target.gone.aborted).toBe(true)
  expect(await spawner.alive()).toEqual([])
  expect(await servers.view(ada)).toMatchObject({ phase: 'stopped', reason: null })
  await expect(collect(servers)).rejects.toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(/not starting/),
  })
  expect((await startFully(servers)).at(-1)).toEqual({ kind: 'ready' })
})

test('a start can be cancelled and leaves nothing behind', async () => {
  await using world = await openWorld()
  world.mode = 'deaf'
  await world.servers.start(ada, {})
  await expect.poll(() => world.spawner.alive()).toHaveLength(1)
  const watching = collect(world.servers)
  await world.servers.stop(ada)
  expect((await watching).at(-1)).toEqual({ kind: 'failed', message: 'The start was cancelled.' })
  expect(await world.spawner.alive()).toEqual([])
  expect(await world.servers.view(ada)).toMatchObject({ phase: 'stopped', reason: null })
})

test.each([
  ['dies', /exit code 3: no space for me/],
  ['dies-asked', /ended before it was ready\. It ran out of memory/],
  ['locked', /does not accept/],
  ['never', /not ready within 1 seconds/],
  ['deaf', /not ready within 1 seconds/],
])('a session that %s: the start fails, says why and leaves nothing behind', async (mode, why) => {
  const isEndless = mode === 'never' || mode === 'deaf'
  await using world = await openWorld({ limits: { startMilliseconds: isEndless ? 1000 : 30_000 } })
  world.mode = mode
  const events = await startFully(world.servers)
  expect(events.at(-1)).toEqual({ kind: 'failed', message: expect.stringMatching(why) })
  expect(await collect(world.servers)).toEqual([events.at(-1)])
  await expect(world.servers.settle(ada, 0)).rejects.toThrow(why)
  expect(await world.spawner.alive()).toEqual([])
  expect(await world.servers.view(ada)).toMatchObject({ phase: 'stopped', reason: expect.stringMatching(why) })
  world.mode = 'ready'
  expect((await startFully(world.servers)).at(-1)).toEqual({ kind: 'ready' })
})

test('a server that ends by itself is noticed, and the reason is told, also after the service starts again', async () => {
  await using world = await openWorld()
  await startFully(world.servers)
  await expect(ask(world.servers, 'die')).rejects.toThrow()
  await expect
    .poll(() => world.servers.route('ada'))
    .toMatchObject({ at: 'stopped', reason: expect.stringMatching(/out of memory/) })
  expect(await world.servers.view(ada)).toMatchObject({
    phase: 'stopped',
    reason: expect.stringMatching(/used all of its 2.0 GiB/),
  })
  await world.servers.close({ servers: 'keep' })
  const again = await world.restart()
  expect(await again.view(ada)).toMatchObject({ phase: 'stopped', reason: expect.stringMatching(/out of memory/) })
})

test('servers outlive the service: the next run finds the running, tidies the dead and what was half-started', async () => {
  await using world = await openWorld()
  const first = world.servers
  await startFully(first, ada, { memoryGiB: 4 })
  await startFully(first, bob)
  const { pid } = await ask(first, 'x')
  const { pid: doomed } = await ask(first, 'x', bob)
  world.mode = 'deaf'
  await first.start({ id: 3, name: 'cyd' }, {})
  await expect.poll(() => world.spawner.alive()).toHaveLength(3)
  // What a killed service leaves: the records as they are. The one under way is looked at by the next run alone.
  const rows = await world.database.selectFrom('servers').selectAll().execute()
  await first.close({ servers: 'keep' })
  process.kill(doomed, 'SIGKILL')
  await expect.poll(() => world.spawner.alive()).toEqual([pid])
  await world.database
    .replaceInto('servers')
    .values(rows.map((row) => ({ ...row, last_activity: '2031-01-01T00:00:00.000Z' })))
    .execute()

  const second = await world.restart()
  expect(await world.spawner.alive()).toEqual([pid])
  expect((await ask(second, 'x')).pid).toBe(pid)
  expect(second.of(ada.id)).toMatchObject({
    phase: 'running',
    lastActivity: new Date('2031-01-01'),
    options: { memoryGiB: 4 },
  })
  expect((await second.list()).map(({ user }) => user)).toEqual(['ada'])
  expect(await second.view(bob)).toMatchObject({
    phase: 'stopped',
    reason: expect.stringMatching(/out of memory/),
  })
  expect(await second.view({ id: 3, name: 'cyd' })).toMatchObject({
    phase: 'stopped',
    reason: expect.stringMatching(/interrupted/),
  })
  await second.stop(ada)
  expect(await world.spawner.alive()).toEqual([])
})

test('so many start at once and no more; who waits is told the place in line and can leave it', async () => {
  await using world = await openWorld({ limits: { concurrentStarts: 1 } })
  const { servers } = world
  world.mode = 'deaf'
  await servers.start(ada, {})
  await expect.poll(() => world.spawner.alive()).toHaveLength(1)
  await servers.start(bob, {})
  await servers.start({ id: 3, name: 'cyd' }, {})
  const waiting = [collect(servers, bob), collect(servers, { id: 3, name: 'cyd' })]
  await servers.stop(bob)
  world.mode = 'ready'
  await servers.stop(ada)
  const [left, served] = await Promise.all(waiting)
  expect(left).toEqual([
    { kind: 'step', percent: 0, message: expect.stringContaining('place 1 in line') },
    { kind: 'failed', message: 'The start was cancelled.' },
  ])
  expect(served?.[0]).toMatchObject({ message: expect.stringContaining('place 2') })
  expect(served?.[1]).toMatchObject({ message: expect.stringContaining('place 1') })
  expect(served?.at(-1)).toEqual({ kind: 'ready' })
})

test('the last choice is remembered, and what can no longer be had falls back to the default', async () => {
  await using world = await openWorld()
  expect(await world.servers.form(ada)).toEqual({
    releases,
    cores: [1, 2, 4],
    memoryGiB: [1, 2, 4, 8],
    chosen: { release: '2026.11', cores: 1, memoryGiB: 2 },
  })
  await startFully(world.servers, ada, { release: '2026.05', cores: 4, memoryGiB: 8, profile: 'kept' })
  expect(world.servers.of(ada.id)?.options).toMatchObject({ profile: 'kept' })
  await world.servers.stop(ada)
  expect((await world.servers.form(ada)).chosen).toEqual({ release: '2026.05', cores: 4, memoryGiB: 8 })
  await using smaller = await openWorld({ limits: { cores: { default: 1, max: 2 } } })
  await smaller.database
    .insertInto('server_choices')
    .values({ user_id: 1, choice: '{"release":"gone","cores":4,"memoryGiB":8}' })
    .execute()
  expect((await smaller.servers.form(ada)).chosen).toEqual({ release: '2026.11', cores: 1, memoryGiB: 8 })
})

test.each([
  [{ release: 'none' }, /no software release "none"/],
  [{ cores: 5 }, /5 cores/],
  [{ cores: 0.01 }, /0\.01 cores/],
  [{ memoryGiB: 9 }, /9 GiB of memory/],
  [{ memoryGiB: 0.1 }, /0\.1 GiB of memory/],
  [{ junk: 'x'.repeat(5000) }, /at most 4096/],
])('%j cannot be had', async (wish, why) => {
  await using world = await openWorld()
  await expect(world.servers.start(ada, wish)).rejects.toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(why),
  })
  expect(world.servers.route('ada').at).toBe('stopped')
})

test('shares that change reach a running server, and one that starts, with what holds last', async () => {
  await using world = await openWorld()
  const { servers, spawner } = world
  servers.refreshMounts('ada')
  const started = startFully(servers)
  await expect.poll(() => spawner.requests).toHaveLength(1)
  world.mounts = [share('a')]
  servers.refreshMounts('ada')
  await started
  await expect.poll(() => spawner.remounts).toEqual([[share('a')]])
  world.mounts = [share('b')]
  for (let count = 0; count < 10; count++) servers.refreshMounts('ada')
  await expect.poll(() => spawner.remounts.at(-1)).toEqual([share('b')])
  expect(spawner.remounts.length).toBeLessThan(5)
})

test('what others share does not keep a server from starting, and is there once it is known', async () => {
  await using world = await openWorld({ limits: { startMilliseconds: 30_000 } })
  const { servers, spawner } = world
  const known = Promise.withResolvers<Mount[]>()
  world.mountsOf = () => known.promise
  expect((await startFully(servers)).at(-1)).toEqual({ kind: 'ready' })
  expect(spawner.requests[0]?.mounts).toEqual([])
  expect(spawner.remounts).toEqual([])
  known.resolve([share('late')])
  await expect.poll(() => spawner.remounts).toEqual([[share('late')]])
})

test('shares that cannot be told are asked for again once the server runs', async () => {
  await using world = await openWorld()
  const { servers, spawner } = world
  world.mountsOf = async () => {
    world.mountsOf = async () => [share('again')]
    throw new Error('the disk did not answer')
  }
  expect((await startFully(servers)).at(-1)).toEqual({ kind: 'ready' })
  await expect.poll(() => spawner.remounts).toEqual([[share('again')]])
})

test('a removed user’s server is gone and no new one starts', async () => {
  await using world = await openWorld()
  const { servers, spawner, database } = world
  await startFully(servers)
  await servers.remove(ada, new AbortController().signal)
  expect(await spawner.alive()).toEqual([])
  await expect(servers.start(ada, {})).rejects.toMatchObject({ code: 'gone' })
  expect(await database.selectFrom('servers').selectAll().execute()).toEqual([])
  expect(await database.selectFrom('server_choices').selectAll().execute()).toEqual([])
})

test('a service that ends stops all servers and cancels starts', async () => {
  await using world = await openWorld()
  await startFully(world.servers)
  world.mode = 'deaf'
  await world.servers.start(bob, {})
  await expect.poll(() => world.spawner.alive()).toHaveLength(2)
  await world.servers.close({ servers: 'stop' })
  expect(await world.spawner.alive()).toEqual([])
  await expect(world.servers.start(ada, {})).rejects.toMatchObject({ code: 'unavailable' })
})

test('a database that cannot be written fails the start with nothing left behind', async () => {
  await using world = await openWorld()
  const { database, servers, spawner } = world
  await database.schema.alterTable('servers').renameTo('elsewhere').execute()
  const events = await startFully(servers).catch((error: unknown) => error)
  expect(events).toMatchObject([{}, { kind: 'failed' }])
  expect(await spawner.alive()).toEqual([])
  await database.schema.alterTable('elsewhere').renameTo('servers').execute()
})

function share(path: string): Mount {
  return { source: { root: '/r', path }, target: `Shared with me/${path}`, readOnly: true, ownerUid: null }
}

const longAgo = '2026-01-02T03:04:05.000Z'

test('when a server was last active it says itself, and nothing that passes by counts', async () => {
  await using world = await openWorld()
  const { servers } = world
  await startFully(servers)
  await world.say({ last_activity: longAgo, last_input: longAgo, connections: 1 })
  await expect.poll(() => servers.of(ada.id)?.lastActivity).toEqual(new Date(longAgo))
  await ask(servers, 'x')
  expect(servers.of(ada.id)?.lastActivity).toEqual(new Date(longAgo))
  expect((await servers.view(ada)).activity).toEqual({
    last: longAgo,
    lastInput: longAgo,
    lastOutput: null,
    busy: false,
    connected: true,
  })
  expect(world.active.at(-1)).toEqual({ user: 'ada', last: new Date(longAgo) })
})

test('a server that works is active now, and none is in the future', async () => {
  await using world = await openWorld()
  const { servers } = world
  await startFully(servers)
  const last = () => servers.of(ada.id)?.lastActivity?.getTime() ?? 0
  await world.say({ last_activity: longAgo })
  await expect.poll(last).toBe(Date.parse(longAgo))
  const before = Date.now()
  await world.say({ last_activity: longAgo, busy: true })
  await expect.poll(last).toBeGreaterThanOrEqual(before)
  await world.say({ last_activity: '2100-01-01T00:00:00Z' })
  await expect.poll(() => last() >= before && last() <= Date.now()).toBe(true)
})

test.each([
  ['nothing', {}],
  ['no object', 'x'],
  ['no time', { last_activity: 'yesterday' }],
  ['no truth value', { last_activity: longAgo, busy: 'very' }],
  ['too much', ['x'.repeat(20_000)]],
])('a server that says %s is no more or less active for it', async (_what, nonsense) => {
  await using world = await openWorld()
  const { servers } = world
  await startFully(servers)
  await world.say({ last_activity: longAgo })
  await expect.poll(() => servers.of(ada.id)?.lastActivity).toEqual(new Date(longAgo))
  await world.say(nonsense)
  await servers.close({ servers: 'keep' })
  expect((await world.restart()).of(ada.id)?.lastActivity).toEqual(new Date(longAgo))
})

test('a service that comes back knows what its servers did meanwhile before anybody asks', async () => {
  await using world = await openWorld()
  await startFully(world.servers)
  await world.servers.close({ servers: 'keep' })
  await world.say({ last_activity: longAgo })
  const again = await world.restart()
  expect(again.of(ada.id)?.lastActivity).toEqual(new Date(longAgo))
})

test.runIf(process.getuid?.() === 0)(
  'a server is stopped though the disk is full, and nobody is told otherwise',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'srv-full-'))
    await execute('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder])
    onTestFinished(async () => {
      await execute('umount', [folder])
      await rm(folder, { recursive: true })
    })
    const world = await openWorld({ folder })
    await startFully(world.servers)
    onTestFinished(async () => {
      await world.servers.close({ servers: 'stop' })
      await world.database.destroy()
    })
    const ballast = join(folder, 'ballast')
    const stop = world.spawner.stop.bind(world.spawner)
    world.spawner.stop = async (handle, signal) => {
      await stop(handle, signal)
      await writeFile(ballast, Buffer.alloc(4 * 1024 * 1024)).catch(() => undefined)
    }

    await world.servers.stop(ada)
    expect(await world.spawner.alive()).toEqual([])
    expect(await world.servers.view(ada)).toMatchObject({ phase: 'stopped', reason: null })
    const written = () => world.database.selectFrom('servers').select('state').executeTakeFirst()
    expect(await written()).toEqual({ state: 'running' })

    await rm(ballast)
    await world.servers.close({ servers: 'keep' })
    expect(await written()).toEqual({ state: 'stopped' })
  },
)
