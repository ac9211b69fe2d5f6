import { errorBody, ServiceError, toPath } from '@cygnet/contract/client'
import { writeContent } from '@cygnet/contract/v1/files'
import { toAddress } from '../api/base-path.ts'
import { xsrfHeaders } from '../api/xsrf.ts'

interface Target {
  tree: string
  path: string
  overwrite: boolean
}

/**
 * Sends a file; resolves once the service has it. Fetch cannot tell how much is sent, so this is an XMLHttpRequest.
 * @throws ServiceError with what the service said, or status 0 where the connection broke
 */
export function sendFile(target: Target, file: File, onSent: (bytes: number) => void, signal: AbortSignal) {
  return new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest()
    const query = { path: target.path, overwrite: target.overwrite ? '1' : '0' }
    request.open('PUT', toAddress(toPath(writeContent, { tree: target.tree }, query)))
    for (const [name, value] of Object.entries(xsrfHeaders())) request.setRequestHeader(name, value)
    request.setRequestHeader('accept', 'application/json')
    // The browser would name the type it guesses; the service goes by the name.
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.upload.addEventListener('progress', (event) => onSent(event.loaded))
    request.addEventListener('load', () => {
      if (request.status >= 200 && request.status < 300) resolve()
      else reject(toError(request))
    })
    request.addEventListener('error', () => reject(brokenOff()))
    request.addEventListener('abort', () => reject(signal.reason))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    if (signal.aborted) reject(signal.reason)
    else request.send(file)
  })
}

function toError(request: XMLHttpRequest): ServiceError {
  if (request.status === 401)
    return new ServiceError(
      401,
      'unauthenticated',
      'Your session has ended.',
      'Sign in in another tab, then try again.',
    )
  const parsed = errorBody.safeParse(parseJson(request.responseText))
  if (parsed.success) return new ServiceError(request.status, parsed.data.code, parsed.data.message, parsed.data.mend)
  return new ServiceError(request.status, 'internal', `The service answered ${request.status}.`)
}

function brokenOff(): ServiceError {
  const mend = 'Check your connection, and that the file is still there and unchanged, and try again.'
  return new ServiceError(0, 'unavailable', 'The upload broke off.', mend)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
