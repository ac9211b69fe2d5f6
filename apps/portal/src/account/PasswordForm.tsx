import { changePassword } from '@cygnet/contract/v1/account'
import { Button, PasswordInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { queryClient, accountQuery } from '../api/queries.ts'
import { Problem } from '../ui/Problem.tsx'

const toggle = { 'aria-label': 'Show the password', tabIndex: 0 }

/** Sets a new password. The service decides what a good one is. */
export function PasswordForm({ hasPassword, name }: { hasPassword: boolean; name: string }) {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [tried, setTried] = useState(false)
  const change = useMutation({
    mutationFn: () => call(changePassword, { body: hasPassword ? { current, next } : { next } }),
    onSuccess: () => {
      setCurrent('')
      setNext('')
      setAgain('')
      setTried(false)
      void queryClient.invalidateQueries({ queryKey: accountQuery.queryKey })
    },
  })
  const problems = {
    current: hasPassword && current === '' ? 'Enter the password you have now.' : undefined,
    next: next === '' ? 'Enter a new password.' : undefined,
    again: again !== next ? 'This is not the same as above.' : undefined,
  }
  const fine = Object.values(problems).every((problem) => problem === undefined)
  return (
    <form
      className="stack account-form"
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (fine) change.mutate()
      }}
    >
      <p className="muted">Changing it signs you out everywhere else.</p>
      {/* Tells password managers whose password this is. */}
      <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
      {hasPassword ? (
        <PasswordInput
          label="Password now"
          autoComplete="current-password"
          value={current}
          error={tried ? problems.current : undefined}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          visibilityToggleButtonProps={toggle}
        />
      ) : null}
      <PasswordInput
        label="New password"
        autoComplete="new-password"
        value={next}
        error={tried ? problems.next : undefined}
        onChange={(event) => setNext(event.currentTarget.value)}
        visibilityToggleButtonProps={toggle}
      />
      <PasswordInput
        label="New password again"
        autoComplete="new-password"
        value={again}
        error={tried ? problems.again : undefined}
        onChange={(event) => setAgain(event.currentTarget.value)}
        visibilityToggleButtonProps={toggle}
      />
      {change.isError ? <Problem title="The password was not changed." error={change.error} /> : null}
      {change.isSuccess ? (
        <p className="message message-good" role="status">
          Your password is changed.
        </p>
      ) : null}
      <div>
        <Button type="submit" loading={change.isPending}>
          {hasPassword ? 'Change the password' : 'Set a password'}
        </Button>
      </div>
    </form>
  )
}
