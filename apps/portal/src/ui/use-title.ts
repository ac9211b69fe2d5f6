import { useEffect } from 'react'

/** Names the page in the browser's tab and history. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title !== undefined) document.title = title === '' ? 'Cygnet' : `${title} · Cygnet`
  }, [title])
}
