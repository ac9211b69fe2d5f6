import { createFolder, moveEntry, type Entry } from '@cygnet/contract/v1/files'
import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { call } from '../api/client.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Problem } from '../ui/Problem.tsx'
import { joinPath, nameProblem, parentOf, splitName } from './path.ts'
import type { Tree } from './tree.ts'

interface Props {
  tree: Tree
  onClose: () => void
}

export function RenameDialog({
  tree,
  entry,
  onClose,
  onDone,
}: Props & { entry: Entry; onDone: (path: string) => Promise<void> }) {
  return (
    <NameDialog
      title={`Rename ${entry.kind === 'folder' ? 'folder' : 'file'}`}
      label="New name"
      initial={entry.name}
      submit="Rename"
      failed="It was not renamed."
      onClose={onClose}
      onSubmit={async (name) => {
        if (name === entry.name) return onClose()
        const to = joinPath(parentOf(entry.path), name)
        await call(moveEntry, { params: { tree: tree.id }, body: { from: entry.path, to } })
        await onDone(to)
      }}
    />
  )
}

export function NewFolderDialog({
  tree,
  folder,
  onClose,
  onDone,
}: Props & { folder: Entry; onDone: () => Promise<void> }) {
  return (
    <NameDialog
      title="New folder"
      label="Name"
      initial=""
      submit="Create"
      failed="The folder was not created."
      onClose={onClose}
      onSubmit={async (name) => {
        await call(createFolder, { params: { tree: tree.id }, body: { path: joinPath(folder.path, name) } })
        await onDone()
      }}
    />
  )
}

interface NameDialogProps {
  title: string
  label: string
  initial: string
  submit: string
  failed: string
  onClose: () => void
  onSubmit: (name: string) => Promise<void>
}

function NameDialog({ title, label, initial, submit, failed, onClose, onSubmit }: NameDialogProps) {
  const [name, setName] = useState(initial)
  const [tried, setTried] = useState(false)
  const selected = useRef(false)
  const change = useMutation({ mutationFn: onSubmit })
  const problem = nameProblem(name)

  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          setTried(true)
          if (problem === undefined) change.mutate(name)
        }}
      >
        <TextInput
          data-autofocus
          label={label}
          value={name}
          error={tried ? problem : undefined}
          autoComplete="off"
          spellCheck={false}
          onFocus={({ currentTarget }) => {
            // What is typed at once replaces the name and leaves its extension.
            if (!selected.current) currentTarget.setSelectionRange(0, splitName(initial).stem.length)
            selected.current = true
          }}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {change.isError ? <Problem title={failed} error={change.error} /> : null}
        <div className="row row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
