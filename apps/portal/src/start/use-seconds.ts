import { useEffect, useState } from 'react'

/** Whole seconds since a moment, counting while `active`. */
export function useSeconds(since: string | null, active: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!active) return undefined
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [active])
  return since === null ? 0 : Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
}
