import { filterKinds, scopeDefinitions } from './definitions.ts'
import { createScopeSet, splitScope, type ScopeSet } from './scope-set.ts'

/** What `self` means for a user; the last ones are Cygnet's own. */
const ownScopes = [
  'read:users',
  'users:shares',
  'read:shares',
  'users:activity',
  'servers',
  'tokens',
  'access:servers',
  'cygnet:files',
  'cygnet:account',
]

/**
 * Spells scopes out for their owner: with all that they include, `self` and the filter `!user` resolved. The filters
 * `!server` and `!service` without a name mean the server or service that asks, and nothing where there is none, as here.
 */
export function expandScopes(scopes: readonly string[], owner: string): ScopeSet {
  return createScopeSet(
    scopes
      .flatMap((scope) => (scope === 'self' ? ownScopes.map((own) => `${own}!user`) : [scope]))
      .flatMap((scope) => withIncluded(scope))
      .map((scope) => (scope.endsWith('!user') ? `${scope}=${owner}` : scope))
      .filter((scope) => !/!(?:server|service)$/.test(scope)),
  )
}

/**
 * The first of them that means nothing, for a message; undefined where all are known.
 * A filter is `!user`, `!server` or `!service`, or one of `!user=`, `!server=`, `!group=` and `!service=` with a name.
 */
export function findUnknownScope(scopes: readonly string[]): string | undefined {
  return scopes.find((scope) => {
    const { name, filter } = splitScope(scope)
    if (!scopeDefinitions.has(name)) return true
    if (filter === undefined) return false
    const [kind = '', value] = filter.split(/=(.*)/s)
    if (value === undefined) return !['user', 'server', 'service'].includes(kind)
    return value === '' || !(filterKinds as readonly string[]).includes(kind)
  })
}

function withIncluded(scope: string): string[] {
  const { name, filter } = splitScope(scope)
  const names = [...included(name)]
  if (filter === undefined) return names
  // What is read of a user cannot be read of a server.
  const fitting = filter.startsWith('server') ? names.filter((each) => !each.startsWith('read:user')) : names
  return fitting.map((each) => `${each}!${filter}`)
}

function included(name: string): Set<string> {
  const found = new Set([name])
  // A set that grows while it is walked over: what is added is visited too.
  for (const each of found) for (const inner of scopeDefinitions.get(each) ?? []) found.add(inner)
  return found
}
