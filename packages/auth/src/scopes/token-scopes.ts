import { CygnetError } from '@cygnet/core/errors'
import { expandScopes, findUnknownScope } from './expand-scopes.ts'
import { identifyScopes, scopesOfRole, scopesOfUser } from './roles.ts'
import { findExcess, hasScope, intersectScopes, toScopeList, uniteScopes, type ScopeSet } from './scope-set.ts'

interface Owner {
  name: string
  admin: boolean
}

/** What is asked of a new token: scopes, or the names of roles, or neither. */
export interface TokenRequest {
  scopes?: readonly string[] | null | undefined
  roles?: readonly string[] | null | undefined
}

/** What a token may do at this moment: what it was made for, as far as its owner may do it. */
export function scopesOfToken(stored: readonly string[], owner: Owner): ScopeSet {
  const all = scopesOfUser(owner)
  if (stored.includes('inherit')) return all
  const wanted = uniteScopes(expandScopes(stored, owner.name), identifyScopes(owner.name))
  return intersectScopes(wanted, all)
}

/**
 * The scopes that a new token is stored with. Nobody gives more than they have themselves: who asks for nothing gets what
 * the maker has.
 *
 * @param maker - what the one who asks may do
 * @throws CygnetError `bad-request` in JupyterHub's words for a scope that is unknown, not the owner's or not the maker's
 */
export function grantTokenScopes(request: TokenRequest, owner: Owner, maker: ScopeSet): string[] {
  const held = scopesOfUser(owner)
  // Whoever may change an account, its password among it, may do all that its owner may.
  const limit = hasScope(maker, 'admin:users', `user=${owner.name}`) ? uniteScopes(maker, held) : maker
  const scopes = requestedScopes(request)
  if (scopes === undefined)
    return findExcess(held, limit).length === 0 ? ['inherit'] : toScopeList(intersectScopes(held, limit))
  const unknown = findUnknownScope(scopes)
  if (unknown !== undefined)
    throw new CygnetError('bad-request', `Scope '${unknown}' for token does not exist`, {
      mend: 'Choose among the scopes of JupyterHub and of Cygnet; see the documentation of tokens.',
    })
  const wanted = expandScopes(
    scopes.filter((scope) => scope !== 'inherit'),
    owner.name,
  )
  refuseExcess(wanted, held, `User ${owner.name}`)
  refuseExcess(scopes.includes('inherit') ? held : wanted, limit, 'the token that asks')
  return [...scopes]
}

function requestedScopes({ scopes, roles }: TokenRequest): readonly string[] | undefined {
  if (scopes != null && roles != null)
    throw new CygnetError('bad-request', 'Can only assign one of scopes or roles when creating tokens.')
  if (roles == null) return scopes ?? undefined
  return roles.flatMap((role) => {
    const found = scopesOfRole(role)
    if (found === undefined)
      throw new CygnetError('bad-request', `No such role: ${role}`, {
        mend: 'Choose among user, admin, server, token.',
      })
    return found
  })
}

function refuseExcess(wanted: ScopeSet, held: ScopeSet, holder: string): void {
  const excess = findExcess(wanted, held)
  if (excess.length === 0) return
  throw new CygnetError('bad-request', `Not assigning requested scopes ${excess.join(',')} not held by ${holder}`, {
    mend: 'Ask for less; most scopes can be limited to oneself with !user.',
  })
}
