import type { Auth } from '@cygnet/auth/auth'
import { changePassword, findPeople, getAccount, setPassword } from '@cygnet/contract/v1/account'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { RouteModule } from '../mount-route.ts'
import type { Origins } from '../origin.ts'
import { requireUser } from './require-user.ts'

const mostPeople = 10

export interface AccountRoutesDeps {
  auth: Auth
  origins: Origins
  log: Logger
}

export function createAccountRoutes({ auth, origins, log }: AccountRoutesDeps): RouteModule {
  const { accounts } = auth

  return (mount) => {
    mount(getAccount, async ({ principal }) => {
      const { name, admin, hasPassword } = await requireUser(accounts, principal.user.name)
      return { name, admin, hasPassword }
    })

    mount(changePassword, async ({ body, principal, request, signal }) => {
      const user = await requireUser(accounts, principal.user.name)
      if (user.hasPassword) {
        if (body.current === undefined) throw new CygnetError('bad-request', 'The current password is missing.')
        const credentials = { name: user.name, password: body.current }
        const known = await auth.signIn(credentials, origins.addressOf(request.raw), signal)
        if (known?.id !== user.id) throw new CygnetError('forbidden', 'The current password is wrong.')
      } else if (principal.via !== 'cookie') {
        // Or a token that leaked would take over the account.
        throw new CygnetError('forbidden', 'A token cannot set the first password.', {
          mend: 'Sign in on the web page.',
        })
      }
      const keepSession = principal.kind === 'user' && principal.via === 'cookie' ? principal.credential : undefined
      await accounts.setPassword(user, body.next, { keepSession })
      log.info({ user: user.name }, 'A password was changed.')
    })

    mount(setPassword, async ({ params, body, principal }) => {
      const user = await requireUser(accounts, params.name)
      if (user.removing) throw new CygnetError('conflict', `The user ${user.name} is being removed.`)
      await accounts.setPassword(user, body.password)
      log.info({ user: user.name, by: principal.user.name }, 'A password was set.')
    })

    mount(findPeople, async ({ query, principal }) => {
      const found = await accounts.findByPrefix(query.query.toLowerCase(), mostPeople + 1)
      const others = found.filter((user) => user.id !== principal.user.id)
      return others.slice(0, mostPeople).map(({ name }) => ({ name }))
    })
  }
}
