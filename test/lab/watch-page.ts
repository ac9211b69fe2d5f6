import { inspect } from 'node:util'
import type { Page } from 'playwright-core'

/** What must not happen in a page: failed requests, errors on the console, and requests to anywhere but its own server. */
export function watchPage(page: Page, origin: string): string[] {
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(`thrown: ${inspect(error)}`))
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()} (${message.location().url})`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()} ${response.request().method()} ${response.url()}`)
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol.startsWith('http') && url.origin !== origin) troubles.push(`outside: ${request.url()}`)
  })
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) troubles.push(`outside: ${socket.url()}`)
  })
  return troubles
}
