import { Modal } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props {
  title: ReactNode
  onClose: () => void
  size?: 'md' | 'lg'
  children: ReactNode
}

/** A dialog that is there while it is rendered. It holds the focus; whoever opened it gives the focus back. */
export function Dialog({ title, onClose, size = 'md', children }: Props) {
  return (
    <Modal.Root opened onClose={onClose} size={size} centered returnFocus={false} transitionProps={{ duration: 0 }}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content>
        {/* The library's own header is a banner, of which a page has one. */}
        <div className="dialog-head">
          <Modal.Title>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}
