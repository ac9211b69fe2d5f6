import type { Entry } from '@cygnet/contract/v1/files'
import { useRef, useState, type DragEvent, type ReactNode } from 'react'
import type { Tree } from '../files/tree.ts'
import { Icon } from '../ui/Icon.tsx'
import { tellProblem } from '../ui/toasts.ts'
import { readDropped } from './read-selected.ts'
import { uploads } from './use-uploads.ts'
import './uploads.css'

interface Props {
  tree: Tree
  folder: Entry
  enabled: boolean
  children: ReactNode
}

/** Takes files and folders that are dropped anywhere on a folder's page. */
export function DropZone({ tree, folder, enabled, children }: Props) {
  const [over, setOver] = useState(false)
  // Each element that is entered and left counts, so that only leaving the last one ends it.
  const depth = useRef(0)
  if (!enabled) return <div>{children}</div>

  const takes = (event: DragEvent) => event.dataTransfer.types.includes('Files')
  const drop = (event: DragEvent) => {
    if (!takes(event)) return
    event.preventDefault()
    depth.current = 0
    setOver(false)
    readDropped(event.dataTransfer)
      .then((selected) => uploads.add(tree.id, folder.path, selected))
      .catch((error: unknown) => tellProblem('What you dropped could not be read.', error))
  }
  return (
    <div
      className="drop"
      onDragEnter={(event) => {
        if (!takes(event)) return
        event.preventDefault()
        depth.current++
        setOver(true)
      }}
      onDragOver={(event) => {
        if (takes(event)) event.preventDefault()
      }}
      onDragLeave={(event) => {
        if (takes(event) && --depth.current <= 0) setOver(false)
      }}
      onDrop={drop}
    >
      {children}
      {over ? (
        <div className="drop-over" aria-hidden="true">
          <Icon name="upload" size={32} />
          <span>Drop to upload into “{folder.path === '' ? tree.title : folder.name}”</span>
        </div>
      ) : null}
    </div>
  )
}
