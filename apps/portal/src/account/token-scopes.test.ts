import { grantTokenScopes, scopesOfToken } from '@cygnet/auth/scopes/token-scopes'
import { scopesOfUser } from '@cygnet/auth/scopes/roles'
import { toScopeList } from '@cygnet/auth/scopes/scope-set'
import { expect, test } from 'vitest'
import { describeScopes, tokenPurposes } from './token-scopes.ts'

const ada = { name: 'ada', admin: false }

test.each(tokenPurposes)('a token for “$label” can be made, and is told apart', ({ value, label }) => {
  const request = value === '' ? {} : { scopes: value.split(' ') }
  const scopes = toScopeList(scopesOfToken(grantTokenScopes(request, ada, scopesOfUser(ada)), ada))
  const shown = label === 'All that I may do' ? 'all that you may do' : label.toLowerCase().replace(/\bmy\b/g, 'your')
  expect(describeScopes(scopes, 'ada')).toBe(shown)
})

test('other scopes are shown as they are', () => {
  const describe = (scopes: string[]) => describeScopes(toScopeList(scopesOfToken(scopes, ada)), 'ada')
  expect(describe([])).toBe('only say whose it is')
  expect(describe(['read:tokens!user', 'read:servers!server=ada/'])).toBe('read:servers!server=ada/, read:tokens')
})
