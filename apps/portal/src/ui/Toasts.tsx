import { ActionIcon } from '@mantine/core'
import { Icon } from './Icon.tsx'
import { dismissToast, useToasts } from './toasts.ts'

/** Where passing messages appear; read out by screen readers. */
export function Toasts() {
  const toasts = useToasts()
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={`toast toast-${toast.tone}`}>
          <Icon name={toast.tone === 'good' ? 'check' : 'warning'} />
          <span>{toast.text}</span>
          <ActionIcon variant="subtle" size="sm" aria-label="Dismiss" onClick={() => dismissToast(toast.id)}>
            <Icon name="close" size={14} />
          </ActionIcon>
        </div>
      ))}
    </div>
  )
}
