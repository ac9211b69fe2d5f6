import type { Auth } from '@cygnet/auth/auth'
import { createUser, deleteUser, getHealth, getSelf, getUser, getVersion, listUsers } from '@cygnet/contract/hub/routes'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { RouteModule } from '../mount-route.ts'
import type { Homes, ServerStates } from '../server-states.ts'
import { toScopes, toUserModel } from '../user-model.ts'
import { requireUser } from './require-user.ts'

/** The release of JupyterHub whose REST API this follows. */
const version = '5.4.0'
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

  return (mount) => {
    mount(getVersion, () => ({ version }))
    mount(getHealth, () => ({}))

    mount(getSelf, async ({ principal }) => {
      const user = await requireUser(accounts, principal.user.name)
      return { ...toUserModel(user, servers.of(user.id), publicUrl), scopes: toScopes(user) }
    })

    mount(listUsers, async () => {
      const users = await accounts.list()
      return users.map((user) => toUserModel(user, servers.of(user.id), publicUrl))
    })

    mount(getUser, async ({ params }) => {
      const user = await requireUser(accounts, params.name)
      return toUserModel(user, servers.of(user.id), publicUrl)
    })

    mount(createUser, async ({ params, body, principal }) => {
      const user = await accounts.create({ name: params.name, admin: body?.admin ?? false, password: body?.password })
      log.info({ user: user.name, admin: user.admin, by: principal.user.name }, 'A user was added.')
      return toUserModel(user, null, publicUrl)
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
