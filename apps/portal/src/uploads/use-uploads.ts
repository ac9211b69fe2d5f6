import { useEffect, useMemo, useSyncExternalStore } from 'react'
import { queryClient } from '../api/queries.ts'
import { totalsOf } from './upload.ts'
import { Uploads } from './uploads.ts'

let refresh: ReturnType<typeof setTimeout> | undefined

/** The uploads of this browser tab. */
export const uploads = new Uploads((tree) => {
  refresh ??= setTimeout(() => {
    refresh = undefined
    void queryClient.invalidateQueries({ queryKey: ['entry', tree] })
  }, 1_000)
})

/** The uploads and how far they are; asks before the tab is closed on them. */
export function useUploads() {
  const list = useSyncExternalStore(uploads.subscribe, uploads.snapshot)
  const totals = useMemo(() => totalsOf(list), [list])
  useEffect(() => {
    if (!totals.busy) return undefined
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [totals.busy])
  return { uploads: list, totals }
}
