import { expect, test } from 'vitest'
import type { Auth } from './auth.ts'
import type { Identity } from './identities.ts'
import { createTestAuth } from './testing/test-auth.ts'

const password = 'a good password'

function holdOn(auth: Auth, identity: Identity | null, isAllowed?: (now: Identity) => boolean) {
  if (identity === null) throw new Error('Nobody is there to hold on to.')
  const ended = Promise.withResolvers<'ended'>()
  const letGo = auth.identities.hold(identity, {
    end: () => ended.resolve('ended'),
    ...(isAllowed === undefined ? {} : { isAllowed }),
  })
  return { ended: ended.promise, letGo, isEnded: () => Promise.race([ended.promise, settled()]) }
}

/** Until all that is under way in the database has come back. */
async function settled(): Promise<'goes on'> {
  for (let count = 0; count < 20; count += 1) await new Promise((resolve) => setImmediate(resolve))
  return 'goes on'
}

test('what lives on a token ends when it expires', async () => {
  const { auth, pass } = await createTestAuth()
  const ada = await auth.accounts.create({ name: 'ada' })
  const { secret } = await auth.tokens.create(ada, { note: '', lifetime: 60 * 86_400 })
  const held = holdOn(auth, await auth.identities.identify('token', secret))
  const gone = holdOn(auth, await auth.identities.identify('token', secret))
  gone.letGo()
  pass(59 * 86_400)
  expect(await held.isEnded()).toBe('goes on')
  pass(86_401)
  expect(await held.ended).toBe('ended')
  expect(await gone.isEnded()).toBe('goes on')
})

test('what lives on a session goes on as long as the session is used', async () => {
  const { auth, pass } = await createTestAuth({ sessionDays: 1 })
  const ada = await auth.accounts.create({ name: 'ada' })
  const secret = await auth.sessions.create(ada)
  const held = holdOn(auth, await auth.identities.identify('cookie', secret))
  for (let day = 0; day < 3; day += 1) {
    pass(80_000)
    expect(await auth.identities.identify('cookie', secret)).not.toBeNull()
    expect(await held.isEnded()).toBe('goes on')
  }
  pass(86_401)
  expect(await held.ended).toBe('ended')
})

test('what is used through another process goes on here', async () => {
  const { auth, another, pass } = await createTestAuth({ sessionDays: 1 })
  const ada = await auth.accounts.create({ name: 'ada' })
  const secret = await auth.sessions.create(ada)
  const held = holdOn(auth, await auth.identities.identify('cookie', secret))
  pass(80_000)
  const other = another()
  expect(await other.identities.identify('cookie', secret)).not.toBeNull()
  await other.close()
  pass(80_000)
  expect(await held.isEnded()).toBe('goes on')
})

test('signing out, revoking, another password and a removal end what lives on them, and nothing else', async () => {
  const { auth } = await createTestAuth()
  const ada = await auth.accounts.create({ name: 'ada', password })
  const signIn = async () => auth.identities.identify('cookie', await auth.sessions.create(await latest(auth)))
  const { token, secret } = await auth.tokens.create(ada, { note: '' })
  const { secret: other } = await auth.tokens.create(ada, { note: '' })
  const own = await signIn()
  const [first, kept, left] = [holdOn(auth, await signIn()), holdOn(auth, own), holdOn(auth, await signIn())]
  const revoked = holdOn(auth, await auth.identities.identify('token', secret))
  const stays = holdOn(auth, await auth.identities.identify('token', other))

  await auth.tokens.revoke(ada, token.id)
  expect(await revoked.ended).toBe('ended')
  expect(await first.isEnded()).toBe('goes on')
  await auth.accounts.setPassword(ada, 'another password', { keepSession: own?.credential })
  expect(await Promise.all([first.ended, left.ended])).toEqual(['ended', 'ended'])
  expect(await kept.isEnded()).toBe('goes on')
  expect(await stays.isEnded()).toBe('goes on')
  await auth.accounts.beginRemoval(ada)
  expect(await Promise.all([kept.ended, stays.ended])).toEqual(['ended', 'ended'])
})

test('who is no administrator any more loses what needed that', async () => {
  const { auth } = await createTestAuth()
  const root = await auth.accounts.create({ name: 'root', admin: true })
  const identity = await auth.identities.identify('cookie', await auth.sessions.create(root))
  const forOthers = holdOn(auth, identity, ({ scopes }) => scopes.get('read:servers') === 'all')
  const own = holdOn(auth, identity, ({ scopes }) => scopes.has('access:servers'))
  await auth.accounts.setAdmin(root, false)
  expect(await forOthers.ended).toBe('ended')
  expect(await own.isEnded()).toBe('goes on')
})

test('a token lasts no longer than the one it was made with', async () => {
  const { auth } = await createTestAuth()
  const ada = await auth.accounts.create({ name: 'ada' })
  const { secret } = await auth.tokens.create(ada, { note: '', lifetime: 60 })
  const maker = await auth.identities.identify('token', secret)
  if (maker === null) throw new Error('The token is not known.')
  const { token } = await auth.tokens.create(ada, { note: '', maker })
  expect(token.expires?.getTime()).toBe(maker.expires)
  await expect(auth.tokens.create(ada, { note: '', maker, lifetime: 120 })).rejects.toMatchObject({
    code: 'bad-request',
  })
})

async function latest(auth: Auth) {
  const user = await auth.accounts.find('ada')
  if (user === undefined) throw new Error('There is no ada.')
  return user
}
