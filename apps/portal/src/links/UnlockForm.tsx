import { unlockLink } from '@cygnet/contract/v1/shares'
import { Button, PasswordInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { linkQuery } from '../api/queries.ts'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'

/** Opens a link that has a password. */
export function UnlockForm({ token }: { token: string }) {
  useTitle('Password needed')
  const client = useQueryClient()
  const [password, setPassword] = useState('')
  const unlock = useMutation({
    mutationFn: () => call(unlockLink, { params: { token }, body: { password } }),
    onSuccess: (link) => client.setQueryData(linkQuery(token).queryKey, link),
  })
  return (
    <form
      className="card card-narrow stack link-unlock"
      onSubmit={(event) => {
        event.preventDefault()
        unlock.mutate()
      }}
    >
      <div>
        <h1 className="title">This link has a password</h1>
        <p className="muted link-hint">Whoever sent you the link can tell it to you.</p>
      </div>
      <PasswordInput
        label="Password"
        autoComplete="off"
        autoFocus
        maxLength={1024}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
      />
      {unlock.isError ? <Problem error={unlock.error} /> : null}
      <Button type="submit" size="md" loading={unlock.isPending} disabled={password === ''}>
        Open
      </Button>
    </form>
  )
}
