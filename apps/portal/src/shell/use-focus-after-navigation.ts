import { useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'

/** So long may a page take to replace what had the focus; no event tells of it. */
const patience = 3_000

/** After a click on a link the focus would be lost with what is gone: it goes to the new page's content. */
export function useFocusAfterNavigation() {
  const main = useRef<HTMLElement>(null)
  const path = useLocation({ select: (location) => location.pathname })
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current === path) return undefined
    shown.current = path
    // From the header's links as well, so that screen readers begin to read there.
    if (main.current?.contains(document.activeElement) === false) main.current.focus({ preventScroll: true })
    const until = performance.now() + patience
    const rescue = () => {
      const lost = document.activeElement === null || document.activeElement === document.body
      if (lost) main.current?.focus({ preventScroll: true })
      if (lost || performance.now() > until) clearInterval(timer)
    }
    const timer = setInterval(rescue, 100)
    return () => clearInterval(timer)
  }, [path])
  return main
}
