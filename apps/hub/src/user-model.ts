import type { User } from '@cygnet/auth/accounts'
import type { Token } from '@cygnet/auth/tokens'
import type { ServerModel, TokenModel, UserModel } from '@cygnet/contract/hub/models'
import { createBasePath } from './base-path.ts'
import type { ServerState } from './server-states.ts'

/** JupyterHub's model of a user; stopped servers are left out, as there. */
export function toUserModel(user: User, state: ServerState | null, publicUrl: string | undefined): UserModel {
  const server = state === null ? null : toServerModel(user.name, state, publicUrl)
  return {
    kind: 'user',
    name: user.name,
    admin: user.admin,
    roles: user.admin ? ['admin', 'user'] : ['user'],
    groups: [],
    server: server?.ready === true ? server.url : null,
    pending: server?.pending ?? null,
    created: user.created.toISOString(),
    last_activity: user.lastActivity?.toISOString() ?? null,
    servers: server === null ? {} : { '': server },
  }
}

/** JupyterHub's scopes, as far as what they allow exists here. Administrators do not reach others' servers. */
export function toScopes({ name, admin }: { name: string; admin: boolean }): string[] {
  const own = ['access:servers', 'delete:servers', 'read:servers', 'read:tokens', 'read:users', 'servers', 'tokens']
  const all = [
    'admin:users',
    'delete:servers',
    'list:users',
    'read:servers',
    'read:tokens',
    'read:users',
    'servers',
    'tokens',
  ]
  return [...own.map((scope) => `${scope}!user=${name}`), ...(admin ? all : [])].toSorted()
}

/** JupyterHub's model of a token; the secret is there only when it was just created. */
export function toTokenModel(owner: User, token: Token, secret?: string): TokenModel {
  const model = {
    kind: 'api_token' as const,
    id: token.id,
    user: owner.name,
    note: token.note,
    roles: [],
    scopes: toScopes(owner),
    created: token.created.toISOString(),
    last_activity: token.lastActivity?.toISOString() ?? null,
    expires_at: token.expires?.toISOString() ?? null,
  }
  return secret === undefined ? model : { ...model, token: secret }
}

function toServerModel(name: string, state: ServerState, publicUrl: string | undefined): ServerModel {
  const base = createBasePath(publicUrl)
  const path = `/user/${encodeURIComponent(name)}/`
  return {
    name: '',
    full_name: `${name}/`,
    ready: state.phase === 'running',
    stopped: false,
    pending: state.phase === 'starting' ? 'spawn' : state.phase === 'stopping' ? 'stop' : null,
    url: base.to(path),
    full_url: publicUrl === undefined ? null : publicUrl + path,
    progress_url: base.to(`/hub/api/users/${encodeURIComponent(name)}/server/progress`),
    started: state.started?.toISOString() ?? null,
    last_activity: state.lastActivity?.toISOString() ?? null,
    state: null,
    user_options: state.options,
  }
}
