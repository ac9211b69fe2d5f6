import type { Accounts, User } from '@cygnet/auth/accounts'
import { CygnetError } from '@cygnet/core/errors'

/** The user of a name in the path. @throws CygnetError `not-found` */
export async function requireUser(accounts: Accounts, name: string): Promise<User> {
  const user = await accounts.find(name)
  if (user !== undefined) return user
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name
  throw new CygnetError('not-found', `There is no user “${shown}”.`)
}
