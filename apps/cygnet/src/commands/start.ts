import type { Config } from '@cygnet/core/config'
import { CygnetError } from '@cygnet/core/errors'
import { describeClamping } from '@cygnet/hub/servers/limits'
import { createLogger, type Logger } from '@cygnet/core/log'
import type { IsolationGap } from '@cygnet/spawners/spawner'
import { describeIsolation } from '../isolation.ts'
import { isListening } from '../listening.ts'
import { print, printNote } from '../output.ts'
import { adminSocketOf } from '../runtime-folder.ts'
import { createService, type Service } from '../service.ts'
import { openSessionDoor } from '../session-door.ts'
import { prepare } from './prepare.ts'

/** Runs the service until SIGINT, SIGTERM or SIGHUP, and then ends everything that it started. */
export async function start(config: Config, json: boolean): Promise<void> {
  const stopped = onceSignalled()
  const admin = adminSocketOf(config.data)
  if (await isListening(admin))
    throw new CygnetError('conflict', `A service is already running on the data folder ${config.data}.`, {
      mend: 'Stop it first, or give this one another folder with --data.',
    })
  const releases = await prepare(config, stopped.signal)

  const log = createLogger(config.log)
  let url = config.publicUrl
  let frontDoor: number | null = null
  const parts = {
    frontDoorPort: () => frontDoor,
    publicUrl: () => url ?? `http://${config.host}:${config.port}`,
  }
  const service = await createService({ config, log, releases, ...parts })
  try {
    // What is required must be there before anybody is let in. All else is looked at when they are.
    if (config.sandbox.network === 'private' || config.sandbox.limits === 'required') await service.prepare()
    const found = await service.servers.restore()
    const listening = await service.hub.listen({ host: config.host, port: config.port })
    if (config.trustProxy) frontDoor = await openSessionDoor(service.hub, config.data, log)
    else if (isOnLoopback(config.host)) frontDoor = listening.port
    url ??= listening.url
    await service.hub.listenAdmin(admin)
    announce(parts.publicUrl(), await service.auth.firstLinks.create(), found, json)
    for (const note of describeClamping(config.servers)) tell(note, log, json)
    await tellIsolation(service, log, json)
    await stopped.promise
    if (!json) printNote('Stopping the service and its servers ...')
  } finally {
    await service.close('stop')
  }
}

/** Whether what listens on this address is reached at 127.0.0.1, where sessions look for the service. */
function isOnLoopback(host: string): boolean {
  return ['127.0.0.1', 'localhost', '0.0.0.0', '::'].includes(host)
}

function announce(url: string, secret: string | null, restored: number, json: boolean): void {
  const firstLink = secret === null ? null : `${url}/hub/first?token=${secret}`
  if (json) {
    print(JSON.stringify({ url, firstLink }))
    return
  }
  print(`\nCygnet is ready at ${url}`)
  if (restored > 0) print(`Found ${restored} running ${restored === 1 ? 'server' : 'servers'} of an earlier run again.`)
  if (firstLink !== null)
    print(`\nSign in as the first administrator with this link; it works once:\n\n    ${firstLink}\n`)
  print('Stop with Ctrl-C.')
}

/** Says once, at the end of the start, what does not keep the users' servers apart as it should. */
async function tellIsolation(service: Service, log: Logger, json: boolean): Promise<void> {
  let gaps: IsolationGap[]
  try {
    gaps = await service.prepare()
  } catch (error) {
    log.error({ err: error }, 'No server can start now.')
    return
  }
  if (json) for (const { kind, message, mend } of gaps) log.warn({ gap: kind, mend }, message)
  else for (const line of describeIsolation(gaps)) printNote(line)
}

/** People read it where they start the service, programs in the log. */
function tell(note: string, log: Logger, json: boolean): void {
  if (json) log.warn(note)
  else printNote(note)
}

interface Stopped {
  promise: Promise<void>
  signal: AbortSignal
}

function onceSignalled(): Stopped {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      controller.abort(new CygnetError('unavailable', `Stopped by ${name}.`))
      resolve()
    })
  }
  return { promise, signal: controller.signal }
}
