import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { Hub } from '@cygnet/hub/app'

type SessionListener = Pick<Hub, 'listenForSessions'>

/**
 * Opens the door of the users' servers at the port that the data folder remembers, so that those of an earlier run find the
 * service again. Where another program has taken it, at a free one, which servers that are started from now on are told.
 *
 * @returns the port
 */
export async function openSessionDoor(hub: SessionListener, dataFolder: string, log: Logger): Promise<number> {
  const path = join(dataFolder, 'session-port')
  const known = await readPort(path)
  const port = await listen(hub, known, log)
  if (port !== known) await writeAtomically(path, `${port}\n`)
  return port
}

async function listen(hub: SessionListener, known: number, log: Logger): Promise<number> {
  try {
    return (await hub.listenForSessions(known)).port
  } catch (error) {
    if (known === 0 || !(error instanceof CygnetError)) throw error
    const { port } = await hub.listenForSessions(0)
    log.warn(
      { taken: known, port, err: error.message },
      'The port of the users’ servers is taken; those that run already reach the service again once they are restarted.',
    )
    return port
  }
}

/** 0 where none is known. */
async function readPort(path: string): Promise<number> {
  try {
    const port = Number(await readFile(path, 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 0
    throw error
  }
}
