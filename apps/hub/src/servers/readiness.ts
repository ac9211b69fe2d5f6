import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { CygnetError } from '@cygnet/core/errors'
import type { Address } from '@cygnet/spawners/spawner'

const firstPause = 5
const longestPause = 100

/**
 * Resolves once the server answers at `path`: the first question is asked at once, the next ones with growing pauses.
 * @throws the signal's reason; CygnetError `unavailable` where the server does not accept the secret
 */
export async function waitUntilReady(
  address: Address,
  path: string,
  authorization: string,
  signal: AbortSignal,
): Promise<void> {
  for (let pause = firstPause; ; pause = Math.min(longestPause, pause * 2)) {
    signal.throwIfAborted()
    const status = await ask(address, path, authorization, signal)
    if (status === 401 || status === 403)
      throw new CygnetError('unavailable', 'The server that was started does not accept the service’s secret.')
    if (status !== null && status < 500) return
    await wait(pause, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/** The status of the answer, or null where there is none. */
function ask(address: Address, path: string, authorization: string, signal: AbortSignal): Promise<number | null> {
  const place = address.kind === 'socket' ? { socketPath: address.path } : { host: address.host, port: address.port }
  return new Promise((resolve) => {
    const asked = request({ ...place, path, headers: { authorization }, agent: false, signal }, (response) => {
      resolve(response.statusCode ?? null)
      response.destroy()
    })
    asked.on('error', () => resolve(null))
    asked.end()
  })
}
