import { useEffect, type RefObject } from 'react'

/**
 * Lets the keyboard reach a box exactly while there is something in it to scroll to: a box that shows everything would
 * be a stop for nothing on the way through a page.
 */
export function useScrollFocus(box: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const look = () => {
      const scrolls = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1
      if (scrolls) element.tabIndex = 0
      else element.removeAttribute('tabindex')
    }
    const observer = new ResizeObserver(look)
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    look()
    return () => observer.disconnect()
  })
}
