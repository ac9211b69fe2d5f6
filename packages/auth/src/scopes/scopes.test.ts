import { expect, test } from 'vitest'
import { expandScopes, findUnknownScope } from './expand-scopes.ts'
import { scopesOfUser } from './roles.ts'
import { createScopeSet, findExcess, hasScope, intersectScopes, toScopeList } from './scope-set.ts'
import { grantTokenScopes, scopesOfToken } from './token-scopes.ts'

const ada = { name: 'ada', admin: false }
const root = { name: 'root', admin: true }

test('a scope includes others, with its filter; what is read of a user is not read of a server', () => {
  expect(toScopeList(expandScopes(['servers!user'], 'ada'))).toEqual([
    'delete:servers!user=ada',
    'read:servers!user=ada',
    'read:users:name!user=ada',
    'servers!user=ada',
    'start:servers!user=ada',
  ])
  expect(toScopeList(expandScopes(['servers!server=ada/'], 'ada'))).not.toContain('read:users:name!server=ada/')
  expect(toScopeList(expandScopes(['access:servers!server', 'access:services!service'], 'ada'))).toEqual([])
  expect(toScopeList(expandScopes(['tokens', 'tokens!user=ada'], 'ada'))).toEqual(['read:tokens', 'tokens'])
})

test('a scope of a user covers their servers and nobody else', () => {
  const held = createScopeSet(['servers!user=ada', 'read:hub', 'tokens!group=physics'])
  expect(hasScope(held, 'servers', 'server=ada/lab')).toBe(true)
  for (const filter of ['server=adam/', 'user=adam', 'user=', undefined])
    expect(hasScope(held, 'servers', filter)).toBe(false)
  expect(hasScope(held, 'read:hub', 'user=ada')).toBe(true)
  expect(hasScope(held, 'tokens', 'user=ada')).toBe(false)
})

test('two sets allow together what both do', () => {
  const both = (left: string[], right: string[]) =>
    toScopeList(intersectScopes(createScopeSet(left), createScopeSet(right)))
  expect(both(['servers', 'tokens'], ['servers!user=ada'])).toEqual(['servers!user=ada'])
  expect(both(['servers!server=ada/x', 'servers!user=bob'], ['servers!user=ada', 'servers!server=bob/'])).toEqual([
    'servers!server=ada/x',
    'servers!server=bob/',
  ])
  expect(both(['servers!user=ada'], ['servers!user=bob'])).toEqual([])
})

test('what no scope is, is named', () => {
  for (const scope of ['nonsense', 'read:users!', 'read:users!usr=ada', 'read:users!user=', 'read:users!group', 'all'])
    expect(findUnknownScope(['self', scope]), scope).toBe(scope)
  expect(findUnknownScope(['self', 'inherit', 'read:users!user', 'servers!server=a/b', '(no_scope)'])).toBeUndefined()
})

test('nobody gives more than they have', () => {
  const own = scopesOfUser(ada)
  expect(grantTokenScopes({}, ada, own)).toEqual(['inherit'])
  expect(grantTokenScopes({ scopes: [] }, ada, own)).toEqual([])
  expect(grantTokenScopes({ roles: ['server'] }, ada, own)).toEqual(['users:activity!user', 'access:servers!server'])
  const refused = (request: object, maker = own) => {
    try {
      return grantTokenScopes(request, ada, maker)
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(refused({ scopes: ['read:users'] })).toMatch(
    /^Not assigning requested scopes read:users.* not held by User ada$/,
  )
  expect(refused({ scopes: ['servers!user=bob'] })).toContain('not held by User ada')
  expect(refused({ roles: ['admin'] })).toContain('not held by User ada')
  expect(refused({ roles: ['king'] })).toBe('No such role: king')
  expect(refused({ scopes: ['self'], roles: ['user'] })).toBe(
    'Can only assign one of scopes or roles when creating tokens.',
  )
  expect(refused({ scopes: ['nonsense'] })).toBe("Scope 'nonsense' for token does not exist")

  const limited = scopesOfToken(['tokens!user'], ada)
  for (const scopes of [['inherit'], ['self'], ['servers!user'], ['tokens!user', 'inherit']])
    expect(refused({ scopes }, limited), scopes.join()).toContain('not held by the token that asks')
  expect(grantTokenScopes({ scopes: ['read:tokens!user'] }, ada, limited)).toEqual(['read:tokens!user'])
  // Who asks for nothing gets what the maker has.
  const inherited = grantTokenScopes({}, ada, limited)
  expect(findExcess(scopesOfToken(inherited, ada), limited)).toEqual([])
  expect(inherited).toContain('tokens!user=ada')
})

test('an administrator gives a user’s token all that the user has; a token for tokens alone does not', () => {
  expect(grantTokenScopes({}, ada, scopesOfUser(root))).toEqual(['inherit'])
  const limited = scopesOfToken(['tokens'], root)
  expect(grantTokenScopes({}, ada, limited)).toEqual(['read:tokens!user=ada', 'tokens!user=ada'])
  expect(() => grantTokenScopes({ scopes: ['self'] }, ada, limited)).toThrow('not held by the token that asks')
})

test('a token loses what its owner loses', () => {
  const held = scopesOfToken(['admin:users', 'servers!user'], root)
  expect(hasScope(held, 'delete:users', 'user=ada')).toBe(true)
  const demoted = scopesOfToken(['admin:users', 'servers!user'], { name: 'root', admin: false })
  expect(hasScope(demoted, 'delete:users', 'user=ada')).toBe(false)
  expect(hasScope(demoted, 'delete:users', 'user=root')).toBe(false)
  expect(hasScope(demoted, 'start:servers', 'server=root/')).toBe(true)
})
