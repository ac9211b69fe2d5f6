import type { Entry } from '@cygnet/contract/v1/files'
import { useState } from 'react'
import { EmptyState } from '../ui/EmptyState.tsx'

/** An image on a ground that shows what is transparent in it. */
export function ImageView({ url, entry }: { url: string; entry: Entry }) {
  const [failed, setFailed] = useState(false)
  const [size, setSize] = useState<string>()
  if (failed) return <Unshown what="image" />
  return (
    <figure className="card media">
      <img
        src={url}
        alt={entry.name}
        onError={() => setFailed(true)}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
          if (naturalWidth > 0) setSize(`${naturalWidth} × ${naturalHeight} pixels`)
        }}
      />
      <figcaption className="muted small">{size}</figcaption>
    </figure>
  )
}

/** Sound or film; the browser fetches it piece by piece. */
export function MediaView({ kind, url, entry }: { kind: 'audio' | 'video'; url: string; entry: Entry }) {
  const [failed, setFailed] = useState(false)
  if (failed) return <Unshown what={kind === 'audio' ? 'recording' : 'film'} />
  const common = { src: url, controls: true, 'aria-label': entry.name, onError: () => setFailed(true) }
  return (
    <div className="card media">
      {kind === 'audio' ? <audio preload="metadata" {...common} /> : <video preload="metadata" {...common} />}
    </div>
  )
}

function Unshown({ what }: { what: string }) {
  return (
    <div className="card">
      <EmptyState icon="warning" title={`This ${what} cannot be shown`}>
        It may be damaged, or of a kind that this browser does not know. Download it to open it with another program.
      </EmptyState>
    </div>
  )
}
