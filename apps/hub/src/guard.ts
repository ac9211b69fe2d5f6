import { hasScope } from '@cygnet/auth/scopes/scope-set'
import type { Access, ScopedAccess } from '@cygnet/contract/route'
import { CygnetError } from '@cygnet/core/errors'
import type { Principal } from './principal.ts'

/**
 * Lets pass who may call.
 * @param params - of the path
 * @throws CygnetError in JupyterHub's words: `unauthenticated` for nobody; `forbidden` where no such scope is held; `not-found`
 * where it is held for others only, so that nobody learns which of them exist
 */
export function guard(access: Access, principal: Principal | null, params: unknown): void {
  if (access === 'public') return
  if (principal === null) throw unauthenticated()
  if (needsAccount(access) && principal.kind !== 'user')
    throw new CygnetError('forbidden', 'The local administrator has no account of their own.', {
      mend: 'Use the routes that name a user.',
    })
  if (access === 'identity') return
  const { scopes } = principal
  const filter = toFilter(access.of, principal, params)
  if (access.anyOf.some((scope) => (access.of === 'some' ? scopes.has(scope) : hasScope(scopes, scope, filter)))) return
  const names = (params as { name?: string }).name !== undefined
  if (names && access.anyOf.some((scope) => scopes.has(scope)))
    throw new CygnetError('not-found', 'No access to resources or resources not found')
  throw lacksScope(access.anyOf)
}

/** Whether someone may go on with what they may do by now. */
export function mayCall(access: Access | 'page', principal: Principal, params: unknown): boolean {
  try {
    if (access !== 'page') guard(access, principal, params)
    return true
  } catch {
    return false
  }
}

/** Nobody is signed in, or the token is wrong or has ended. */
export function unauthenticated(): CygnetError {
  return new CygnetError('unauthenticated', 'Missing or invalid credentials.', {
    mend: 'Sign in, or send a token as Authorization: token ….',
  })
}

export function lacksScope(scopes: readonly string[]): CygnetError {
  return new CygnetError(
    'forbidden',
    `Action is not authorized with current scopes; requires any of [${scopes.join(', ')}]`,
    { mend: 'Use a token that was made with it.' },
  )
}

function needsAccount(access: Exclude<Access, 'public'>): boolean {
  return access === 'identity' || access.of === 'caller' || access.of === 'own-server'
}

function toFilter(of: ScopedAccess['of'], principal: Principal, params: unknown): string | undefined {
  const { name = '' } = params as { name?: string }
  switch (of) {
    case 'user':
      return `user=${name}`
    case 'server':
      return `server=${name}/`
    case 'caller':
      return `user=${principal.user.name}`
    case 'own-server':
      return `server=${principal.user.name}/`
    default:
      return undefined
  }
}
