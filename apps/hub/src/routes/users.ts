import type { Auth } from '@cygnet/auth/auth'
import { createUser, deleteUser, getHealth, getSelf, getUser, getVersion, listUsers } from '@cygnet/contract/hub/routes'
import { identifyScopes } from '@cygnet/auth/scopes/roles'
import { hasScope, toScopeList, uniteScopes } from '@cygnet/auth/scopes/scope-set'
import type { User } from '@cygnet/auth/accounts'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { RouteModule } from '../mount-route.ts'
import type { Homes, ServerStates } from '../server-states.ts'
import { toUserModel, type UserView } from '../user-model.ts'
import { requireUser } from './require-user.ts'

/** The release of JupyterHub whose REST API this follows. */
const version = '6.1.1'
const removalPatience = 60_000

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

    mount(listUsers, async ({ principal }) => {
      const users = await accounts.list()
      const listed = users.filter((user) => hasScope(principal.scopes, 'list:users', `user=${user.name}`))
      return listed.map((user) => toUserModel(view(user), principal.scopes))
    })

    mount(getUser, async ({ params, principal }) => {
      const user = await requireUser(accounts, params.name)
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
