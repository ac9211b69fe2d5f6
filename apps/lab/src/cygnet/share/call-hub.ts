import { createClient } from '@cygnet/contract/client'
import { serviceUrl } from '../hub.ts'

/** Calls a route of the hub as the user who is signed in to this browser. */
export const callHub = createClient({ baseUrl: serviceUrl(), headers: createXsrfHeader })

/** The hub asks for its cookie's value in a header too, which no other site can read. */
function createXsrfHeader(): Record<string, string> {
  const cookie = document.cookie.split('; ').find((part) => part.startsWith('_xsrf='))
  return cookie === undefined ? {} : { 'X-XSRFToken': cookie.slice('_xsrf='.length) }
}
