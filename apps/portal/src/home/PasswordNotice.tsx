import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { accountQuery } from '../api/queries.ts'

/** The first administrator's link works once: without a password there is no way back in. */
export function PasswordNotice() {
  const account = useQuery(accountQuery)
  if (account.data === undefined || account.data.hasPassword) return null
  return (
    <p className="message message-warning">
      <strong>You have no password yet.</strong> The link you came with worked once.{' '}
      <Link to="/account">Set a password</Link> so that you can sign in again.
    </p>
  )
}
