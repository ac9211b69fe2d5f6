import type { ServerChoice } from '@cygnet/contract/v1/servers'
import { CygnetError } from '@cygnet/core/errors'
import { hashSecret } from '@cygnet/core/ids'
import type { Address, StartRequest } from '@cygnet/spawners/spawner'
import type { BasePath } from '../base-path.ts'
import { describeExit } from './exit-reason.ts'
import type { Progress } from './progress.ts'
import { waitUntilReady } from './readiness.ts'
import type { ServerUser } from './records.ts'
import type { ServerDeps } from './server.ts'
import { toServerPath } from './server-path.ts'
import { unlessAborted } from './unless-aborted.ts'

/** What runs in a session and what it needs; the hub knows neither the notebook server nor the releases. */
export interface SessionDescription {
  software: StartRequest['software']
  command: string[]
  environment: Record<string, string>
  /** On the host. */
  home: string
  uid: number | null
  frontDoorPort: number | null
}

export interface Launched {
  handle: unknown
  address: Address
  secret: string
  /** As in the server's target. */
  basePath: string
}

const cleanUpMilliseconds = 30_000

/**
 * Starts a session and waits until it answers. A start that fails or is cancelled leaves nothing behind.
 * @throws CygnetError that says why; the signal's reason
 */
export async function launch(
  deps: ServerDeps,
  user: ServerUser,
  order: { choice: ServerChoice; options: Record<string, unknown>; since: Date },
  startId: string,
  secret: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<Launched> {
  const { spawner, records, base } = deps
  const basePath = toServerPath(base, user)
  progress.report({ percent: 2, message: 'Preparing your home and software' })
  const { choice, options, since } = order
  const [session, mounts] = await unlessAborted(
    Promise.all([deps.describeSession(user, choice), deps.mountsOf(user)]),
    signal,
  )
  await records.begin(user, { startId, spawner: spawner.name, secret, basePath, choice, options, started: since })
  const memoryBytes = Math.round(choice.memoryGiB * 2 ** 30)
  const request: StartRequest = {
    id: startId,
    user: { name: user.name, uid: session.uid },
    home: session.home,
    software: session.software,
    mounts,
    command: session.command,
    environment: { ...toEnvironment(user, secret, base, choice, memoryBytes), ...session.environment },
    limits: { cores: choice.cores, memoryBytes, processes: deps.limits.processes },
    frontDoorPort: session.frontDoorPort,
  }
  const { handle, address } = await spawner.start(request, signal, ({ percent, message }) =>
    progress.report({ percent: 5 + percent * 0.85, message }),
  )
  try {
    signal.throwIfAborted()
    await records.started(user, handle, address)
    progress.report({ percent: 95, message: 'Checking that it is ready' })
    const launched = { handle, address, secret, basePath }
    await untilReadyOrGone(deps, launched, signal)
    return launched
  } catch (error) {
    await spawner.stop(handle, AbortSignal.timeout(cleanUpMilliseconds))
    throw error
  }
}

/** @throws CygnetError where the server ends before it answers */
async function untilReadyOrGone(deps: ServerDeps, launched: Launched, signal: AbortSignal) {
  const settled = new AbortController()
  const either = AbortSignal.any([signal, settled.signal])
  const gone = deps.spawner.waitForExit(launched.handle, either).then(({ reason }) => {
    throw new CygnetError('unavailable', `The server ended before it was ready. ${describeExit(reason) ?? ''}`.trim())
  })
  const ready = waitUntilReady(launched.address, `${launched.basePath}api/status`, `token ${launched.secret}`, either)
  try {
    await Promise.race([ready, gone])
  } finally {
    settled.abort()
    await Promise.allSettled([ready, gone])
  }
}

/** What Cygnet's notebook server and JupyterHub's stock single-user server want to know. */
function toEnvironment(
  user: ServerUser,
  secret: string,
  base: BasePath,
  choice: ServerChoice,
  memoryBytes: number,
): Record<string, string> {
  const prefix = toServerPath(base, user)
  return {
    CYGNET_USER: user.name,
    CYGNET_BASE_PATH: prefix,
    CYGNET_SECRET_SHA256: hashSecret(secret),
    JUPYTERHUB_USER: user.name,
    JUPYTERHUB_SERVER_NAME: '',
    JUPYTERHUB_BASE_URL: base.path,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    MEM_LIMIT: String(memoryBytes),
    CPU_LIMIT: String(choice.cores),
  }
}
