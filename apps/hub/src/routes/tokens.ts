import type { User } from '@cygnet/auth/accounts'
import type { Auth } from '@cygnet/auth/auth'
import { createToken, getToken, listTokens, revokeToken } from '@cygnet/contract/hub/routes'
import { scopesOfUser } from '@cygnet/auth/scopes/roles'
import { hasScope, type ScopeSet } from '@cygnet/auth/scopes/scope-set'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { RouteCall, RouteModule } from '../mount-route.ts'
import type { Origins } from '../origin.ts'
import type { Principal } from '../principal.ts'
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
      const { params } = call
      const requester = toRequester(call.principal) ?? (await authenticateByBody(call))
      const mayMake = hasScope(requester.scopes, 'tokens', `user=${params.name}`)
      const owner = mayMake ? await accounts.find(params.name) : undefined
      if (owner === undefined)
        throw new CygnetError('forbidden', `User ${params.name} not found or no permissions to generate tokens`)
      const { body } = call
      const by = requester.name === owner.name ? '' : ` by ${requester.name}`
      const note = body?.note ?? `Requested via api${by}`
      const { scopes, roles, expires_in: lifetime } = body ?? {}
      const input = { note, scopes, roles, lifetime: lifetime ?? undefined, maker: requester }
      const { token, secret } = await tokens.create(owner, input)
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
  async function authenticateByBody({ body, request, signal }: RouteCall<typeof createToken>): Promise<Requester> {
    if (request.refusal !== undefined) throw request.refusal
    if (body?.auth === undefined)
      throw new CygnetError('forbidden', 'Nobody is signed in.', {
        mend: 'Send a token as Authorization: token …, or {"auth": {"username": …, "password": …}}.',
      })
    const { username, password } = body.auth
    const user = await auth.signIn({ name: username, password }, origins.addressOf(request.raw), signal)
    if (user === null) throw new CygnetError('forbidden', 'Name or password is wrong.')
    return { name: user.name, scopes: scopesOfUser(user), expires: Number.POSITIVE_INFINITY }
  }
}

interface Requester {
  name: string
  scopes: ScopeSet
  /** What it makes ends with it. */
  expires: number
}

function toRequester(principal: Principal | null): Requester | undefined {
  if (principal === null) return undefined
  const { user, scopes } = principal
  // A session that is used goes on, so what is made from it need not end.
  const expires = principal.via === 'token' ? principal.expires : Number.POSITIVE_INFINITY
  return { name: user.name, scopes, expires }
}

function noSuchToken(id: string, owner: User): CygnetError {
  return new CygnetError('not-found', `${owner.name} has no token ${id}.`)
}
