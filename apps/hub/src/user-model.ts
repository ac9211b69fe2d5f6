import type { User } from '@cygnet/auth/accounts'
import { rolesOfUser } from '@cygnet/auth/scopes/roles'
import { hasScope, type ScopeSet } from '@cygnet/auth/scopes/scope-set'
import type { Token } from '@cygnet/auth/tokens'
import type { ServerModel, TokenModel, UserModel } from '@cygnet/contract/hub/models'
import { createBasePath } from './base-path.ts'
import type { ServerState } from './server-states.ts'

/** Which fields of a user each scope lets one read. */
const readable: Record<string, readonly string[]> = {
  'read:users': ['user_info', 'admin', 'roles', 'groups', 'server', 'pending', 'created', 'last_activity'],
  'read:users:name': ['user_info', 'admin'],
  'read:users:groups': ['groups'],
  'read:users:activity': ['last_activity'],
  'read:servers': [],
  'read:roles:users': ['roles', 'admin'],
  'admin:auth_state': ['auth_state'],
}

export interface UserView {
  user: User
  /** Of the user's server; null where it is stopped. */
  state: ServerState | null
  publicUrl: string | undefined
}

/** JupyterHub's model of a user, as far as these scopes let one read it; stopped servers are left out, as there. */
export function toUserModel({ user, state, publicUrl }: UserView, scopes: ScopeSet): UserModel {
  const server = state === null ? null : toServerModel(user.name, state, publicUrl, scopes)
  const fields = {
    user_info: null,
    admin: user.admin,
    roles: rolesOfUser(user),
    groups: [],
    server: server?.ready === true ? server.url : null,
    pending: server?.pending ?? null,
    created: user.created.toISOString(),
    last_activity: latest(user.lastActivity, state?.lastActivity ?? null)?.toISOString() ?? null,
    auth_state: null,
  }
  const held = Object.keys(readable).filter((scope) => hasScope(scopes, scope, `user=${user.name}`))
  const allowed = new Set(held.flatMap((scope) => readable[scope] ?? []))
  const servers = server === null || !readsServer(scopes, user.name) ? {} : { '': server }
  return {
    kind: 'user',
    name: user.name,
    ...Object.fromEntries(Object.entries(fields).filter(([field]) => allowed.has(field))),
    ...(held.includes('read:servers') || '' in servers ? { servers } : {}),
  }
}

/** JupyterHub's model of a token; the secret is there only when it was just created. */
export function toTokenModel(owner: User, token: Token, secret?: string): TokenModel {
  const model = {
    kind: 'api_token' as const,
    id: token.id,
    user: owner.name,
    note: token.note,
    roles: [],
    scopes: token.scopes,
    created: token.created.toISOString(),
    last_activity: token.lastActivity?.toISOString() ?? null,
    expires_at: token.expires?.toISOString() ?? null,
    session_id: null,
    oauth_client: 'JupyterHub',
  }
  return secret === undefined ? model : { ...model, token: secret }
}

function latest(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}

function readsServer(scopes: ScopeSet, owner: string): boolean {
  return hasScope(scopes, 'read:servers', `server=${owner}/`)
}

function toServerModel(name: string, state: ServerState, publicUrl: string | undefined, scopes: ScopeSet): ServerModel {
  const base = createBasePath(publicUrl)
  const path = `/user/${encodeURIComponent(name)}/`
  const progress = `/hub/api/users/${encodeURIComponent(name)}/server/progress`
  return {
    name: '',
    display_name: '',
    full_name: `${name}/`,
    ready: state.phase === 'running',
    stopped: false,
    pending: state.phase === 'starting' ? 'spawn' : state.phase === 'stopping' ? 'stop' : null,
    url: base.to(path),
    full_url: publicUrl === undefined ? null : publicUrl + path,
    progress_url: base.to(progress),
    full_progress_url: publicUrl === undefined ? null : publicUrl + progress,
    started: state.started?.toISOString() ?? null,
    last_activity: state.lastActivity?.toISOString() ?? null,
    ...(hasScope(scopes, 'admin:server_state', `server=${name}/`) ? { state: null } : {}),
    user_options: state.options,
  }
}
