import type { User } from '@cygnet/auth/accounts'
import type { Auth } from '@cygnet/auth/auth'
import { createToken, getToken, listTokens, revokeToken } from '@cygnet/contract/hub/routes'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { RouteCall, RouteModule } from '../mount-route.ts'
import type { Origins } from '../origin.ts'
import type { PrincipalUser } from '../principal.ts'
import { toTokenModel } from '../user-model.ts'
import { requireUser } from './require-user.ts'

export interface TokenRoutesDeps {
  auth: Auth
  origins: Origins
  log: Logger
}

export function createTokenRoutes({ auth, origins, log }: TokenRoutesDeps): RouteModule {
  const { accounts, tokens } = auth

  return (mount) => {
    mount(createToken, async (call) => {
      const { params, body } = call
      const requester = call.principal?.user ?? (await authenticateByBody(call))
      const owner = requester.admin || requester.name === params.name ? await accounts.find(params.name) : undefined
      if (owner === undefined)
        throw new CygnetError('forbidden', `There is no user ${params.name}, or their tokens are not yours to create.`)
      const by = requester.name === owner.name ? '' : ` by ${requester.name}`
      const note = body?.note ?? `Requested via api${by}`
      const { token, secret } = await tokens.create(owner, { note, lifetime: body?.expires_in ?? undefined })
      log.info({ user: owner.name, token: token.id, by: requester.name }, 'A token was created.')
      return toTokenModel(owner, token, secret)
    })

    mount(listTokens, async ({ params }) => {
      const owner = await requireUser(accounts, params.name)
      const all = await tokens.list(owner)
      return { api_tokens: all.map((token) => toTokenModel(owner, token)) }
    })

    mount(getToken, async ({ params }) => {
      const owner = await requireUser(accounts, params.name)
      const token = await tokens.find(owner, params.id)
      if (token === undefined) throw noSuchToken(params.id, owner)
      return toTokenModel(owner, token)
    })

    mount(revokeToken, async ({ params, principal }) => {
      const owner = await requireUser(accounts, params.name)
      if (!(await tokens.revoke(owner, params.id))) throw noSuchToken(params.id, owner)
      log.info({ user: owner.name, token: params.id, by: principal.user.name }, 'A token was revoked.')
    })
  }

  /** As in JupyterHub, whoever has no token yet may show name and password instead; failures count as on the form. */
  async function authenticateByBody({ body, request, signal }: RouteCall<typeof createToken>): Promise<PrincipalUser> {
    if (request.refusal !== undefined) throw request.refusal
    if (body?.auth === undefined)
      throw new CygnetError('forbidden', 'Nobody is signed in.', {
        mend: 'Send a token as Authorization: token …, or {"auth": {"username": …, "password": …}}.',
      })
    const { username, password } = body.auth
    const user = await auth.signIn({ name: username, password }, origins.addressOf(request.raw), signal)
    if (user === null) throw new CygnetError('forbidden', 'Name or password is wrong.')
    return user
  }
}

function noSuchToken(id: string, owner: User): CygnetError {
  return new CygnetError('not-found', `${owner.name} has no token ${id}.`)
}
