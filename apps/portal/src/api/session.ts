import { xsrfToken } from './xsrf.ts'

/** Leads to the sign-in page and back. @returns false on the pages of links, which need no account. */
export function leaveForSignIn(): boolean {
  if (location.pathname.startsWith('/s/')) return false
  const here = location.pathname + location.search
  location.assign(`/hub/login?next=${encodeURIComponent(here)}`)
  return true
}

/** Ends the session with a form, as the sign-out page does. */
export function signOut(): void {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = '/hub/logout'
  const field = document.createElement('input')
  field.type = 'hidden'
  field.name = '_xsrf'
  field.value = xsrfToken() ?? ''
  form.append(field)
  document.body.append(form)
  form.submit()
}

/**
 * A `next` from the address bar, or undefined where it does not stay on this service.
 * `//host`, `/\host` and other schemes would lead elsewhere.
 */
export function parseNext(text: string | null | undefined, origin = location.origin): string | undefined {
  if (text === null || text === undefined || !/^\/(?![/\\])/.test(text)) return undefined
  const url = URL.parse(text, origin)
  // `/.//host` becomes `//host` once it is parsed.
  if (url === null || url.origin !== origin || url.pathname.startsWith('//')) return undefined
  return url.pathname + url.search + url.hash
}
