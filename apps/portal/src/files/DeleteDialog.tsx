import { deleteEntry, type Entry } from '@cygnet/contract/v1/files'
import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { count } from '../ui/format.ts'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import type { Tree } from './tree.ts'

interface Props {
  tree: Tree
  entries: Entry[]
  onClose: () => void
  onDone: () => Promise<void>
}

/** Asks before anything is deleted, and says what goes with it. */
export function DeleteDialog({ tree, entries, onClose, onDone }: Props) {
  const client = useQueryClient()
  // What is deleted already is not tried again.
  const [left, setLeft] = useState(entries)
  const [only] = entries.length === 1 ? entries : []
  const what = only === undefined ? count(entries.length, 'entry', 'entries') : `“${only.name}”`
  const folders = entries.some(({ kind }) => kind === 'folder')
  const remove = useMutation({
    mutationFn: async () => {
      for (const entry of left) {
        await call(deleteEntry, { params: { tree: tree.id }, query: { path: entry.path } })
        setLeft((before) => before.filter(({ path }) => path !== entry.path))
      }
    },
    onSuccess: async () => {
      await onDone()
      tell(`${what} deleted.`)
      // What was shared of it is shared no more.
      void client.invalidateQueries({ queryKey: ['shares'] })
    },
    onError: () => client.invalidateQueries({ queryKey: ['entry', tree.id] }),
  })
  return (
    <Dialog title={only === undefined ? `Delete ${what}?` : 'Delete for good?'} onClose={onClose}>
      <div className="stack">
        <p className="breakable">
          {only === undefined ? (
            <>They are deleted for good{folders ? ', folders with everything in them' : ''}.</>
          ) : (
            <>
              <strong>{only.name}</strong> is deleted for good{folders ? ', with everything in it' : ''}.
            </>
          )}{' '}
          This cannot be undone.
        </p>
        {remove.isError ? <Problem title="Not everything was deleted." error={remove.error} /> : null}
        <div className="row row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="danger" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
