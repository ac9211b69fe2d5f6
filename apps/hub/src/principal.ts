import type { Identity } from '@cygnet/auth/identities'
import { scopesOfAdministrator } from '@cygnet/auth/scopes/roles'
import type { ScopeSet } from '@cygnet/auth/scopes/scope-set'

export interface PrincipalUser {
  id: number
  name: string
  admin: boolean
}

/** Who asks, known before anything is routed. */
export type Principal = AccountPrincipal | LocalAdministrator

export interface AccountPrincipal extends Identity {
  kind: 'user'
  /** The token stood in the address, where anybody can make a browser send it. */
  isInAddress?: boolean
}

/** Whoever may use the administrator's socket on this machine. It has no account, so no home, server or tokens. */
export interface LocalAdministrator {
  kind: 'local-admin'
  user: PrincipalUser
  via: 'socket'
  scopes: ScopeSet
}

/** The name has a space, which no user's has, and the id is no user's. */
export const localAdministrator: LocalAdministrator = {
  kind: 'local-admin',
  user: { id: 0, name: 'local administrator', admin: true },
  via: 'socket',
  scopes: scopesOfAdministrator(),
}
