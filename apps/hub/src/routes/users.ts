import type { Auth } from '@cygnet/auth/auth'
import { createUser, deleteUser, getHealth, getSelf, getUser, getVersion, listUsers } from '@cygnet/contract/hub/routes'
import { identifyScopes } from '@cygnet/auth/scopes/roles'
import { hasScope, toScopeList, uniteScopes } from '@cygnet/auth/scopes/scope-set'
import type { User } from '@cygnet/auth/accounts'
import type { UserPage } from '@cygnet/contract/hub/models'
import type { QueryOf } from '@cygnet/contract/route'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { RouteModule } from '../mount-route.ts'
import type { Homes, ServerState, ServerStates } from '../server-states.ts'
import { toUserModel, type UserView } from '../user-model.ts'
import { requireUser } from './require-user.ts'

/** The release of JupyterHub whose REST API this follows. */
const version = '6.1.1'
const removalPatience = 60_000

/** Who accepts it gets a list in pages. JupyterHub's, and so are the lengths. */
const pagedType = 'application/jupyterhub-pagination+json'
const usualPage = 50
const longestPage = 200

export interface UserRoutesDeps {
  auth: Auth
  servers: ServerStates
  homes: Homes
  publicUrl?: string | undefined
  log: Logger
}

export function createUserRoutes({ auth, servers, homes, publicUrl, log }: UserRoutesDeps): RouteModule {
  const { accounts } = auth
  const view = (user: User): UserView => ({ user, state: servers.of(user.id), publicUrl })

  return (mount) => {
    mount(getVersion, () => ({ version }))
    mount(getHealth, () => ({}))

    mount(getSelf, async ({ principal }) => {
      const user = await requireUser(accounts, principal.user.name)
      return {
        ...toUserModel(view(user), uniteScopes(principal.scopes, identifyScopes(user.name))),
        scopes: toScopeList(principal.scopes),
        token_id: principal.kind === 'user' && principal.via === 'token' ? principal.credential : null,
        session_id: null,
      }
    })

    mount(listUsers, async ({ principal, query, request }) => {
      const users = await accounts.list()
      const listed = users
        .filter((user) => hasScope(principal.scopes, 'list:users', `user=${user.name}`))
        .filter((user) => isInState(servers.of(user.id), query.state))
      const isPaged = request.headers.accept?.includes(pagedType) === true
      const limit = isPaged ? Math.min(query.limit ?? usualPage, longestPage) : (query.limit ?? listed.length)
      const page = listed.slice(query.offset, query.offset + limit)
      await servers.refresh(page.map(({ id }) => id))
      const items = page.map((user) => toUserModel(view(user), principal.scopes))
      if (!isPaged) return items
      const top = publicUrl ?? `${request.protocol}://${request.host}`
      return { items, _pagination: toPagination(`${top}${listUsers.path}`, query, limit, listed.length) }
    })

    mount(getUser, async ({ params, principal }) => {
      const user = await requireUser(accounts, params.name)
      await servers.refresh([user.id])
      return toUserModel(view(user), principal.scopes)
    })

    mount(createUser, async ({ params, body, principal }) => {
      if (body?.admin === true && !principal.user.admin)
        throw new CygnetError('forbidden', 'Only admins can grant admin permissions')
      const user = await accounts.create({ name: params.name, admin: body?.admin ?? false, password: body?.password })
      log.info({ user: user.name, admin: user.admin, by: principal.user.name }, 'A user was added.')
      return toUserModel({ user, state: null, publicUrl }, principal.scopes)
    })

    mount(deleteUser, async ({ params, principal }) => {
      const user = await requireUser(accounts, params.name)
      if (user.id === principal.user.id)
        throw new CygnetError('bad-request', 'You cannot remove yourself.', { mend: 'Ask another administrator.' })
      // Each step may be done again, so that a removal that failed half way can be asked for again.
      await accounts.beginRemoval(user)
      await servers.remove(user, AbortSignal.timeout(removalPatience))
      await homes.setAside(user)
      await accounts.finishRemoval(user)
      log.info({ user: user.name, id: user.id, by: principal.user.name }, 'A user was removed.')
    })
  }
}

type ListQuery = QueryOf<typeof listUsers>

/** `active` is what runs, starts or stops. */
function isInState(server: ServerState | null, state: ListQuery['state']): boolean {
  if (state === undefined) return true
  if (state === 'ready') return server?.phase === 'running'
  return (state === 'active') === (server !== null)
}

function toPagination(url: string, query: ListQuery, limit: number, total: number): UserPage['_pagination'] {
  const { offset, state } = query
  const next = offset + limit
  if (next >= total) return { offset, limit, total, next: null }
  const more = new URLSearchParams({
    ...(state === undefined ? {} : { state }),
    offset: String(next),
    limit: String(limit),
  })
  return { offset, limit, total, next: { offset: next, limit, url: `${url}?${more.toString()}` } }
}
