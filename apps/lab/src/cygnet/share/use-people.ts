import { findPeople } from '@cygnet/contract/v1/account'
import { useEffect, useState } from 'react'
import { callHub } from './call-hub.ts'

/** Users whose name begins with what is typed; empty while nobody is found. */
export function usePeople(typed: string): string[] {
  const [people, setPeople] = useState<string[]>([])
  const query = typed.trim().slice(0, 64)
  useEffect(() => {
    if (query === '') {
      setPeople([])
      return undefined
    }
    const abort = new AbortController()
    // Only suggestions: without them the name can still be typed in full, and sharing tells what is wrong.
    callHub(findPeople, { query: { query }, signal: abort.signal }).then(
      (found) => setPeople(found.map(({ name }) => name)),
      () => setPeople([]),
    )
    return () => abort.abort()
  }, [query])
  return people
}
