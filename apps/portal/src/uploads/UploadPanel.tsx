import { ActionIcon, Button, Progress } from '@mantine/core'
import { useState } from 'react'
import { formatSize, count } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { ConflictDialog } from './ConflictDialog.tsx'
import type { Totals, Upload } from './upload.ts'
import { uploads, useUploads } from './use-uploads.ts'
import './uploads.css'

/** More than this is only counted: nobody reads thousands of lines. */
const shownAtMost = 40

const urgency: Record<Upload['state']['at'], number> = {
  failed: 0,
  conflict: 1,
  sending: 2,
  waiting: 3,
  done: 4,
  cancelled: 5,
  skipped: 5,
}

/** The files that are being uploaded, in a corner of every page. */
export function UploadPanel() {
  const { uploads: list, totals } = useUploads()
  const [open, setOpen] = useState(true)
  const conflicts = list.filter(({ state }) => state.at === 'conflict')
  const [conflict] = conflicts
  const shown = list.toSorted((a, b) => urgency[a.state.at] - urgency[b.state.at] || a.id - b.id).slice(0, shownAtMost)
  return (
    <>
      <section className="uploads" aria-label="Uploads">
        <div className="uploads-head">
          <strong role="status">{describe(totals)}</strong>
          <ActionIcon
            variant="subtle"
            aria-label={open ? 'Show less' : 'Show the files'}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            <Icon name={open ? 'chevronDown' : 'chevronRight'} size={16} />
          </ActionIcon>
          {totals.busy ? (
            <Button size="compact-sm" variant="subtle" onClick={() => uploads.cancelAll()}>
              Cancel all
            </Button>
          ) : (
            <ActionIcon variant="subtle" aria-label="Close the list of uploads" onClick={() => uploads.clear()}>
              <Icon name="close" size={16} />
            </ActionIcon>
          )}
        </div>
        {totals.busy ? (
          <Progress
            value={totals.bytes === 0 ? 100 : (totals.sent / totals.bytes) * 100}
            size="sm"
            radius={0}
            aria-label="All uploads"
          />
        ) : null}
        {open ? (
          <ul className="uploads-list">
            {shown.map((upload) => (
              <Line key={upload.id} upload={upload} />
            ))}
            {list.length > shown.length ? (
              <li className="muted">and {count(list.length - shown.length, 'more file', 'more files')}</li>
            ) : null}
          </ul>
        ) : null}
      </section>
      {conflict === undefined ? null : (
        <ConflictDialog key={conflict.id} upload={conflict} others={conflicts.length - 1} />
      )}
    </>
  )
}

function Line({ upload }: { upload: Upload }) {
  const { id, state, file, name } = upload
  return (
    <li>
      <div className="uploads-line">
        <span className="uploads-name" title={name}>
          {name}
        </span>
        <span className="muted uploads-state">
          {state.at === 'sending' ? (
            `${formatSize(state.sent)} of ${formatSize(file.size)}`
          ) : state.at === 'done' ? (
            <>
              {formatSize(file.size)} <Icon name="check" size={16} className="uploads-done" />
              <span className="visually-hidden">uploaded</span>
            </>
          ) : (
            words[state.at]
          )}
        </span>
        {state.at === 'sending' || state.at === 'waiting' ? (
          <ActionIcon variant="subtle" size="sm" aria-label={`Cancel ${name}`} onClick={() => uploads.cancel(id)}>
            <Icon name="close" size={14} />
          </ActionIcon>
        ) : null}
        {state.at === 'failed' || state.at === 'cancelled' ? (
          <ActionIcon variant="subtle" size="sm" aria-label={`Try ${name} again`} onClick={() => uploads.retry(id)}>
            <Icon name="retry" size={15} />
          </ActionIcon>
        ) : null}
      </div>
      {state.at === 'sending' ? (
        <Progress
          value={file.size === 0 ? 100 : (state.sent / file.size) * 100}
          size={3}
          aria-label={`Upload of ${name}`}
        />
      ) : null}
      {state.at === 'failed' ? (
        <p className="uploads-problem">
          {state.message} {state.mend}
        </p>
      ) : null}
    </li>
  )
}

const words: Record<Exclude<Upload['state']['at'], 'sending' | 'done'>, string> = {
  waiting: 'waiting',
  conflict: 'already there',
  skipped: 'skipped',
  cancelled: 'cancelled',
  failed: 'failed',
}

function describe(totals: Totals): string {
  if (totals.busy) return `Uploading ${totals.finished + 1} of ${count(totals.files, 'file')}`
  if (totals.failed > 0) return `${count(totals.failed, 'file')} of ${totals.files} failed`
  if (totals.files === 0) return 'Nothing uploaded'
  return `${count(totals.finished, 'file')} uploaded`
}
