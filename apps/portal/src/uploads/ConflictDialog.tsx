import { Button, Checkbox } from '@mantine/core'
import { useState } from 'react'
import { Dialog } from '../ui/Dialog.tsx'
import { count, formatSize } from '../ui/format.ts'
import type { Resolution, Upload } from './upload.ts'
import { uploads } from './use-uploads.ts'

/** Asks what to do with a file where there is one of that name already. */
export function ConflictDialog({ upload, others }: { upload: Upload; others: number }) {
  const [forAll, setForAll] = useState(false)
  const answer = (resolution: Resolution) => uploads.resolve(upload.id, resolution, forAll)
  return (
    <Dialog title="There is already a file of this name" onClose={() => answer('skip')}>
      <div className="stack">
        <p className="breakable">
          <strong>{upload.name}</strong> ({formatSize(upload.file.size)}) is in{' '}
          {upload.folder === '' ? 'this folder' : `“${upload.folder}”`} already.
        </p>
        <Checkbox
          checked={forAll}
          onChange={(event) => setForAll(event.currentTarget.checked)}
          label={
            others > 0
              ? `Do the same with ${count(others, 'other file')} and all that follow`
              : 'Do the same with all that follow'
          }
        />
        <div className="row row-end">
          <Button variant="subtle" onClick={() => answer('skip')}>
            Skip
          </Button>
          <Button variant="default" onClick={() => answer('overwrite')}>
            Replace
          </Button>
          <Button data-autofocus onClick={() => answer('keep')}>
            Keep both
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
