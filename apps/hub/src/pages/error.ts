import { statusOf, type CygnetError, type ErrorCode } from '@cygnet/core/errors'
import type { BasePath } from '../base-path.ts'
import { isUserPath } from '../request-target.ts'
import { html, type Html } from './html.ts'
import { toPage } from './layout.ts'

const titles: Record<ErrorCode, string> = {
  'bad-request': 'This cannot be done',
  unauthenticated: 'Please sign in',
  forbidden: 'This is not yours to open',
  'not-found': 'There is nothing here',
  conflict: 'This cannot be done now',
  gone: 'This is over',
  'too-large': 'This is too large',
  'rate-limited': 'Too many tries',
  'precondition-failed': 'This has changed',
  'range-not-satisfiable': 'This part does not exist',
  'server-stopped': 'The server is not running',
  'insufficient-storage': 'The disk is full',
  unavailable: 'This does not work at the moment',
  timeout: 'This took too long',
  internal: 'Something went wrong',
}

export interface ErrorView {
  /** The target of the request that failed, without the base path. */
  url: string
  /** By which the log tells more. */
  requestId?: string | undefined
}

/** What went wrong, for people: what it was, what to do, and for a server that is gone the button that starts it again. */
export function toErrorPage(base: BasePath, error: CygnetError, { url, requestId }: ErrorView): string {
  return toPage(
    base,
    titles[error.code],
    html`<h1 class="title">${titles[error.code]}</h1>
      <p class="lead">${error.message}${error.mend === undefined ? undefined : ` ${error.mend}`}</p>
      <div class="row">${toWayOn(base, error, url)}</div>
      <p class="code">
        ${statusOf(error.code)}${error.code === 'internal' && requestId !== undefined ? ` · ${requestId}` : undefined}
      </p>`,
  )
}

function toWayOn(base: BasePath, { code }: CygnetError, url: string): Html {
  const home = html`<a class="button button-quiet" href="${base.path}">Home</a>`
  if (isUserPath(url) && (code === 'server-stopped' || code === 'unavailable')) {
    const start = base.to(`/start?next=${encodeURIComponent(base.to(url))}&again=1`)
    return html`<a class="button" href="${start}">Start it again</a>${home}`
  }
  if (code === 'unauthenticated') return html`<a class="button" href="${base.to('/hub/login')}">Sign in</a>`
  return home
}
