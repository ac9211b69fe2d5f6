import { expect, test } from 'vitest'
import { ada, ask, bob, openWorld, startFully } from './testing/test-servers.ts'

test('a server is told where the service lies, and what its own paths begin with', async () => {
  await using world = await openWorld()
  const servers = await world.restart('https://lab.example.org/cygnet')
  await startFully(servers)
  expect((await ask(servers, 'x')).environment).toMatchObject({
    CYGNET_BASE_PATH: '/cygnet/user/ada/',
    JUPYTERHUB_BASE_URL: '/cygnet/',
    JUPYTERHUB_SERVICE_PREFIX: '/cygnet/user/ada/',
  })
  expect(await servers.view(ada)).toMatchObject({ phase: 'running', url: '/cygnet/user/ada/', reason: null })
})

test('a server that was started below another path goes on, and says that it needs a restart', async () => {
  await using world = await openWorld()
  await startFully(world.servers)
  const before = await ask(world.servers, 'x')
  await world.servers.close({ servers: 'keep' })

  const moved = await world.restart('https://lab.example.org/cygnet')
  expect(moved.route('ada')).toMatchObject({ at: 'running', target: { basePath: '/user/ada/' } })
  expect((await ask(moved, 'x')).pid).toBe(before.pid)
  const view = await moved.view(ada)
  expect(view).toMatchObject({ phase: 'running', url: '/cygnet/user/ada/' })
  expect(view.reason).toMatch(/another address.*stop it and start it again/)
  await startFully(moved, bob)
  expect((await moved.view(bob)).reason).toBeNull()
  await moved.close({ servers: 'keep' })

  // What the database says of it holds for every later run.
  const again = await world.restart('https://lab.example.org/cygnet')
  expect((await again.view(ada)).reason).toMatch(/another address/)
  expect((await again.view(bob)).reason).toBeNull()
  await again.stop(ada)
  await startFully(again)
  expect((await again.view(ada)).reason).toBeNull()
})
