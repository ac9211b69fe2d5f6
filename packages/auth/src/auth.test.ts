import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createTestAuth } from './testing/test-auth.ts'

const password = 'a good password'
const here = '127.0.0.1'
const never = new AbortController().signal

test('nothing that signs in stands in the database', async () => {
  const { auth, database } = await createTestAuth()
  const ada = await auth.accounts.create({ name: 'ada', password, admin: true })
  const session = await auth.sessions.create(ada)
  const { secret } = await auth.tokens.create(ada, { note: '' })
  const rows = [
    await database.selectFrom('users').selectAll().execute(),
    await database.selectFrom('sign_in_sessions').selectAll().execute(),
    await database.selectFrom('tokens').selectAll().execute(),
  ]
  const text = JSON.stringify(rows)
  for (const each of [password, session, secret]) expect(text).not.toContain(each)
  expect(text).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
})

test('a password is known in every spelling of its letters', async () => {
  const { auth } = await createTestAuth()
  await auth.accounts.create({ name: 'ada', password: 'grüezi mitenand' })
  const signIn = (typed: string) => auth.signIn({ name: 'ada', password: typed }, here, never)
  expect((await signIn('gru\u0308ezi mitenand'))?.name).toBe('ada')
  expect(await signIn('gruezi mitenand')).toBeNull()
})

test('a password has at least 8 characters and at most 1024 bytes', async () => {
  const { auth } = await createTestAuth()
  const create = (name: string, chosen: string) => auth.accounts.create({ name, password: chosen })
  await expect(create('a', '1234567')).rejects.toMatchObject({ code: 'bad-request' })
  await expect(create('a', '😀😀😀😀')).rejects.toMatchObject({ code: 'bad-request' })
  await expect(create('a', 'é'.repeat(513))).rejects.toMatchObject({ code: 'bad-request' })
  await create('a', 'é'.repeat(512))
  await create('b', '12345678')
  expect(await auth.signIn({ name: 'b', password: 'x'.repeat(100_000) }, here, never)).toBeNull()
})

test('an unknown name takes the work of a known one', async () => {
  const { auth } = await createTestAuth({ attempts: 1000 })
  await auth.accounts.create({ name: 'ada', password })
  await auth.accounts.create({ name: 'no-password' })
  await auth.signIn({ name: 'nobody', password: 'wrong' }, here, never)
  const cost = async (name: string): Promise<number> => {
    const times: number[] = []
    for (let count = 0; count < 9; count += 1) {
      const start = performance.now()
      await auth.signIn({ name, password: 'wrong password' }, here, never)
      times.push(performance.now() - start)
    }
    return times.toSorted((a, b) => a - b)[0] ?? 0
  }
  const known = await cost('ada')
  // Without the hash they would answer within a hundredth of it.
  expect(await cost('nobody')).toBeGreaterThan(known / 3)
  expect(await cost('no-password')).toBeGreaterThan(known / 3)
})

test('a flood of sign-ins waits or is turned away, and does not count as failed', async () => {
  const { auth } = await createTestAuth({ attempts: 500 })
  await auth.accounts.create({ name: 'ada', password })
  const tries = Array.from({ length: 150 }, () => auth.signIn({ name: 'ada', password }, here, never))
  const results = await Promise.allSettled(tries)
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'unavailable', retryAfter: 2 })
  expect(results.length - refused.length).toBeGreaterThanOrEqual(100)
})

test('who leaves the queue makes room', async () => {
  const { auth } = await createTestAuth()
  await auth.accounts.create({ name: 'ada', password })
  const gone = new AbortController()
  const waiting = Array.from({ length: 5 }, () => auth.signIn({ name: 'ada', password }, here, gone.signal))
  gone.abort(new Error('gone'))
  const results = await Promise.allSettled(waiting)
  expect(results.some((result) => result.status === 'rejected')).toBe(true)
  expect((await auth.signIn({ name: 'ada', password }, here, never))?.name).toBe('ada')
})

test('a number is never used again', async () => {
  const { auth } = await createTestAuth()
  const first = await auth.accounts.create({ name: 'ada' })
  await auth.accounts.beginRemoval(first)
  await auth.accounts.finishRemoval(first)
  const second = await auth.accounts.create({ name: 'ada' })
  expect(second.id).toBeGreaterThan(first.id)
})

test('of two who add the same name one hears that it is taken', async () => {
  const { auth } = await createTestAuth()
  const both = await Promise.allSettled([1, 2].map(() => auth.accounts.create({ name: 'ada', password })))
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'conflict' })
})

test('a sign-in that began before the password changed does not end after it', async () => {
  const { auth } = await createTestAuth()
  const before = await auth.accounts.create({ name: 'ada', password })
  await auth.accounts.setPassword(before, 'another password')
  await expect(auth.sessions.create(before)).rejects.toMatchObject({ code: 'unauthenticated' })
  const user = await auth.signIn({ name: 'ada', password: 'another password' }, here, never)
  if (user === null) throw new Error('The new password does not sign in.')
  await auth.accounts.beginRemoval(user)
  await expect(auth.sessions.create(user)).rejects.toMatchObject({ code: 'unauthenticated' })
  await expect(auth.tokens.create(user, { note: '' })).rejects.toMatchObject({ code: 'conflict' })
})

test('what is revoked while it is looked up is not remembered', async () => {
  const { auth } = await createTestAuth()
  const ada = await auth.accounts.create({ name: 'ada' })
  for (let count = 0; count < 20; count += 1) {
    const { token, secret } = await auth.tokens.create(ada, { note: '' })
    await Promise.all([auth.identities.identify('token', secret), auth.tokens.revoke(ada, token.id)])
    expect(await auth.identities.identify('token', secret)).toBeNull()
  }
})

test('another process notices within half a minute, and an administrator stops being one at once', async () => {
  const { auth, another, pass } = await createTestAuth()
  const other = another()
  const ada = await auth.accounts.create({ name: 'ada', admin: true })
  const { token, secret } = await auth.tokens.create(ada, { note: '' })
  expect((await other.identities.identify('token', secret))?.user.admin).toBe(true)
  expect((await auth.identities.identify('token', secret))?.user.admin).toBe(true)
  await auth.accounts.setAdmin(ada, false)
  expect((await auth.identities.identify('token', secret))?.user.admin).toBe(false)
  await auth.tokens.revoke(ada, token.id)
  expect(await auth.identities.identify('token', secret)).toBeNull()
  pass(31)
  expect(await other.identities.identify('token', secret)).toBeNull()
})

test('a session that is used outlives the service', async () => {
  const { auth, another, pass } = await createTestAuth({ sessionDays: 1 })
  const ada = await auth.accounts.create({ name: 'ada' })
  const secret = await auth.sessions.create(ada)
  pass(80_000)
  expect(await auth.identities.identify('cookie', secret)).not.toBeNull()
  await auth.close()
  pass(80_000)
  expect(await another().identities.identify('cookie', secret)).not.toBeNull()
  pass(90_000)
  expect(await another().identities.identify('cookie', secret)).toBeNull()
})

test('the oldest of too many sessions make room', async () => {
  const { auth, database, pass } = await createTestAuth()
  const ada = await auth.accounts.create({ name: 'ada' })
  const first = await auth.sessions.create(ada)
  for (let count = 0; count < 100; count += 1) {
    pass(1)
    await auth.sessions.create(ada)
  }
  expect(await auth.identities.identify('cookie', first)).toBeNull()
  const rows = await database.selectFrom('sign_in_sessions').select('hash').execute()
  expect(rows).toHaveLength(100)
})

test('guessing one name from many addresses is slowed down, and its owner is not locked out', async () => {
  const { auth, pass } = await createTestAuth({ attempts: 3, windowSeconds: 300 })
  const fail = (address: string, name = 'ada') => auth.attempts(name, address)
  for (let count = 0; count < 30; count += 1) fail(`10.0.0.${Math.floor(count / 3)}`)
  // Each address has one try left from now on, however long the others go on.
  for (let count = 0; count < 100; count += 1) {
    fail(`10.0.1.${count}`)
    expect(() => fail(`10.0.1.${count}`)).toThrow('Too many failed sign-ins.')
  }
  for (let count = 0; count < 10; count += 1) fail(here).succeeded()
  fail(here).withdrawn()
  fail(here)
  expect(() => fail(here)).toThrow('Too many failed sign-ins.')
  for (let count = 0; count < 3; count += 1) fail(here, 'bob')
  pass(301)
  for (let count = 0; count < 3; count += 1) fail(here)
})

test('failures are counted in bounded memory', async () => {
  const { auth } = await createTestAuth()
  const before = heapInUse()
  for (let count = 0; count < 200_000; count += 1) auth.attempts(`name ${count}`, `10.0.${count >> 8}.${count & 255}`)
  expect(heapInUse() - before).toBeLessThan(20_000_000)
  auth.attempts('ada', here)
})

/** What is kept, without what only waits to be collected. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
