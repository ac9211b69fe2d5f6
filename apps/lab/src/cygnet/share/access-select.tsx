import type { ReactNode } from 'react'
import type { Access } from './use-shares.ts'

interface AccessSelectProps {
  label: string
  value: Access
  disabled: boolean
  onChange: (access: Access) => void
}

export function AccessSelect({ label, value, disabled, onChange }: AccessSelectProps): ReactNode {
  return (
    <select
      className="jp-mod-styled cygnet-Share-access"
      aria-label={label}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value as Access)}
    >
      <option value="read">can read</option>
      <option value="write">can read and write</option>
    </select>
  )
}
