import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Config } from '@cygnet/core/config'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { makeFolder } from '@cygnet/core/make-folder'
import type { InstalledRelease } from '@cygnet/software/python-release'
import { printNote } from '../output.ts'
import { prepareReleases } from '../releases.ts'
import { ensureRequirements } from '../requirements.ts'

/**
 * Makes sure of all that the service needs from outside: a data folder that can be written, a free port (said before minutes are
 * spent on the rest), programs of the machine, and the software releases.
 */
export async function prepare(config: Config, signal: AbortSignal): Promise<InstalledRelease[]> {
  await createDataFolder(config.data)
  await checkPort(config)
  await ensureRequirements(printNote)
  return prepareReleases(config, (message) => printNote(`software: ${message}`), signal)
}

async function createDataFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder, 0o700)
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    if (isSystemError(cause, 'EEXIST', 'ENOTDIR'))
      throw new CygnetError('bad-request', `The data folder ${folder} cannot be made: a file is in its place.`, {
        cause,
        mend: 'Name a folder with --data.',
      })
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CygnetError('forbidden', `The data folder ${folder} cannot be written: ${why}.`, {
      cause,
      mend: 'Give this user the right to write there, or name another folder with --data.',
    })
  }
}

async function checkPort({ host, port }: Config): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const probe = createServer()
  probe.on('error', reject)
  probe.listen({ host, port }, resolve)
  try {
    await promise
  } catch (cause) {
    if (isSystemError(cause, 'EADDRINUSE'))
      throw new CygnetError('conflict', `Port ${port} of ${host} is taken by another program.`, {
        cause,
        mend: 'Choose another one with --port, or 0 for any that is free.',
      })
    throw new CygnetError('bad-request', `The service cannot listen on ${host}, port ${port}: ${String(cause)}`, {
      cause,
    })
  } finally {
    probe.close()
  }
}
