import { toAddress } from './base-path.ts'
import { xsrfToken } from './xsrf.ts'

/** Leads to the sign-in page and back. @returns false on the pages of links, which need no account. */
export function leaveForSignIn(): boolean {
  if (location.pathname.startsWith(toAddress('/s/'))) return false
  const here = location.pathname + location.search
  location.assign(toAddress(`/hub/login?next=${encodeURIComponent(here)}`))
  return true
}

/** Ends the session with a form, as the sign-out page does. */
export function signOut(): void {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = toAddress('/hub/logout')
  const field = document.createElement('input')
  field.type = 'hidden'
  field.name = '_xsrf'
  field.value = xsrfToken() ?? ''
  form.append(field)
  document.body.append(form)
  form.submit()
}
