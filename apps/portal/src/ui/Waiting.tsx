import { Loader } from '@mantine/core'
import { useEffect, useState } from 'react'

/** Says that something is on its way, after a moment: what is fast shows nothing at all. */
export function Waiting({ what = 'Loading' }: { what?: string }) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 250)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className="waiting" role="status">
      {shown ? (
        <>
          <Loader size="sm" aria-hidden="true" />
          <span>{what}…</span>
        </>
      ) : null}
    </div>
  )
}
