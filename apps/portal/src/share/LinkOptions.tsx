import { PasswordInput, TextInput } from '@mantine/core'
import { dayOf } from './share-kinds.ts'

export interface LinkChoice {
  /** Empty for none. */
  password: string
  /** As `2026-12-31`; empty for no end. */
  day: string
}

interface Props {
  choice: LinkChoice
  onChange: (choice: LinkChoice) => void
  /** What the password field says where there is a password already. */
  passwordHint?: string | undefined
}

export function LinkOptions({ choice, onChange, passwordHint }: Props) {
  return (
    <div className="share-options">
      <PasswordInput
        label="Password"
        description={passwordHint ?? 'Leave it empty for none.'}
        autoComplete="new-password"
        value={choice.password}
        onChange={(event) => onChange({ ...choice, password: event.currentTarget.value })}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
      />
      <TextInput
        type="date"
        label="Last day"
        description="Leave it empty for no end."
        min={dayOf(new Date().toISOString())}
        value={choice.day}
        onChange={(event) => onChange({ ...choice, day: event.currentTarget.value })}
      />
    </div>
  )
}
