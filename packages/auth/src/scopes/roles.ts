import { expandScopes } from './expand-scopes.ts'
import { createScopeSet, type ScopeSet } from './scope-set.ts'

/**
 * JupyterHub's roles. An administrator has all that JupyterHub gives but the way into the servers of others: what such a
 * server answers would be a page of this service, and act for the administrator.
 */
const roles: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    user: ['self'],
    admin: [
      'admin-ui',
      'admin:users',
      'admin:servers',
      'admin:services',
      'tokens',
      'admin:groups',
      'list:services',
      'read:services',
      'read:hub',
      'proxy',
      'shutdown',
      'access:services',
      'read:roles',
      'read:metrics',
      'read:shares',
      'users:shares',
      'groups:shares',
      'cygnet:files',
    ],
    server: ['users:activity!user', 'access:servers!server'],
    token: ['inherit'],
  }),
)

/** The scopes of a role, not spelled out; undefined where there is no such role. */
export function scopesOfRole(role: string): readonly string[] | undefined {
  return roles.get(role)
}

/** The roles of a user by name. */
export function rolesOfUser({ admin }: { admin: boolean }): string[] {
  return admin ? ['admin', 'user'] : ['user']
}

/** All that a user may do. */
export function scopesOfUser(user: { name: string; admin: boolean }): ScopeSet {
  return expandScopes(
    rolesOfUser(user).flatMap((role) => scopesOfRole(role) ?? []),
    user.name,
  )
}

/** All that the local administrator may do, who has no account. */
export function scopesOfAdministrator(): ScopeSet {
  return expandScopes(scopesOfRole('admin') ?? [], '')
}

/** What a token may always do: say whose it is. */
export function identifyScopes(owner: string): ScopeSet {
  return createScopeSet([`read:users:name!user=${owner}`, `read:users:groups!user=${owner}`])
}
