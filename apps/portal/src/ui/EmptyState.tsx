import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon.tsx'

interface Props {
  icon: IconName
  title: string
  /** What to do next. */
  children?: ReactNode
}

/** Stands where there is nothing yet, and says what to do next. */
export function EmptyState({ icon, title, children }: Props) {
  return (
    <div className="empty">
      <Icon name={icon} size={32} />
      <p className="empty-title">{title}</p>
      {children === undefined ? null : <div className="empty-next">{children}</div>}
    </div>
  )
}
