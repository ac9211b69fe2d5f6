import { Button, SegmentedControl, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { accountQuery } from '../api/queries.ts'
import { signOut } from '../api/session.ts'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { Packages } from './Packages.tsx'
import { PasswordForm } from './PasswordForm.tsx'
import { Tokens } from './Tokens.tsx'
import './account.css'

export function AccountPage() {
  useTitle('Account')
  const account = useQuery(accountQuery)
  if (account.isError) return <Problem error={account.error} retry={() => void account.refetch()} />
  if (account.data === undefined) return <Waiting />
  const { name, admin, hasPassword } = account.data
  return (
    <div className="account">
      <div className="page-head">
        <div>
          <h1 className="title">{name}</h1>
          <p className="muted account-role">{admin ? 'Administrator' : 'Account'}</p>
        </div>
        <Button variant="default" onClick={signOut}>
          Sign out
        </Button>
      </div>
      <div className="stack account-cards">
        <section className="card" aria-labelledby="appearance">
          <h2 id="appearance">Appearance</h2>
          <Appearance />
        </section>
        <section className="card" aria-labelledby="password">
          <h2 id="password">Password</h2>
          <PasswordForm hasPassword={hasPassword} name={name} />
        </section>
        <section className="card" aria-labelledby="packages">
          <h2 id="packages">My packages</h2>
          <Packages />
        </section>
        <section className="card" aria-labelledby="tokens">
          <h2 id="tokens">Tokens</h2>
          <Tokens name={name} />
        </section>
      </div>
    </div>
  )
}

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <div className="account-appearance">
      <p className="muted">Kept in this browser.</p>
      <SegmentedControl
        aria-label="Colours"
        value={colorScheme}
        onChange={(value) => setColorScheme(value)}
        data={[
          { value: 'auto', label: 'As the system' },
          { value: 'light', label: 'Light' },
          { value: 'dark', label: 'Dark' },
        ]}
      />
    </div>
  )
}
