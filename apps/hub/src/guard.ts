import type { Access } from '@cygnet/contract/route'
import { CygnetError } from '@cygnet/core/errors'
import type { Principal } from './principal.ts'

/** Lets pass who may call. @throws CygnetError `unauthenticated` for nobody, `forbidden` for somebody else */
export function guard(access: Access, principal: Principal | null, params: unknown): void {
  if (access === 'public') return
  if (principal === null)
    throw new CygnetError('unauthenticated', 'Nobody is signed in.', {
      mend: 'Sign in, or send a token as Authorization: token ….',
    })
  if (access === 'user') {
    if (principal.kind === 'user') return
    throw new CygnetError('forbidden', 'The local administrator has no account of their own.', {
      mend: 'Use the routes that name a user.',
    })
  }
  if (principal.user.admin) return
  if (access === 'admin') throw new CygnetError('forbidden', 'Only an administrator may do this.')
  const { name } = params as { name?: string }
  if (name !== principal.user.name) throw new CygnetError('forbidden', 'Only the user or an administrator may do this.')
}
