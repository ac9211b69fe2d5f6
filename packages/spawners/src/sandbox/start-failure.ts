import { CygnetError, isSystemError, toCygnetError } from '@cygnet/core/errors'
import type { ExitReason } from '../spawner.ts'

/** Why a start failed: the sandbox was never there, or its program ended before it listened. */
export class EndedEarly extends Error {
  override readonly name = 'EndedEarly'
  readonly stage: 'sandbox' | 'program'

  constructor(stage: 'sandbox' | 'program') {
    super(`The ${stage} ended early.`)
    this.stage = stage
  }
}

interface Circumstances {
  /** The end of what was printed. */
  words: string
  reason: ExitReason
  program: string
  /** Whether the error is the reason of the start's own signal. */
  isCancelled: boolean
  isDiskFull: boolean
}

/** Turns whatever ended a start into an error that its reader can act on, with the server's last words. */
export function explainFailure(error: unknown, circumstances: Circumstances): unknown {
  const { words } = circumstances
  if (circumstances.isCancelled && !isTimeout(error)) return error
  const said = words === '' ? '' : ` It said:\n${words}`
  if (circumstances.isDiskFull || isSystemError(error, 'ENOSPC', 'EDQUOT'))
    return new CygnetError('insufficient-storage', 'The disk of the runtime folder is full; nothing was started.', {
      cause: error,
      mend: 'Free some space there and try again.',
    })
  if (error instanceof EndedEarly) return explainEnd(error, said, circumstances)
  if (isTimeout(error))
    return new CygnetError('timeout', `The server did not listen in time.${said}`, {
      cause: error,
      mend: 'Try again; if it stays so, ask the administrator to look at the log.',
    })
  return toCygnetError(error)
}

function explainEnd(error: EndedEarly, said: string, { reason, program }: Circumstances): CygnetError {
  if (error.stage === 'sandbox')
    return new CygnetError('unavailable', `The sandbox could not be made.${said}`, {
      cause: error,
      mend: 'Where the system does not let users make namespaces, allow it (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns) or run the service as root.',
    })
  if (reason.kind === 'out-of-memory')
    return new CygnetError(
      'unavailable',
      `The server used up its ${toMiB(reason.limit)} MiB of memory at the start.${said}`,
      {
        cause: error,
        mend: 'Start it with more memory.',
      },
    )
  if (reason.kind === 'exit' && (reason.code === 127 || reason.code === 126))
    return new CygnetError('unavailable', `The program ${program} cannot be run in the sandbox.${said}`, {
      cause: error,
      mend: 'See that it is part of the software shown there.',
    })
  return new CygnetError('unavailable', `The server ended ${toWords(reason)} before it listened.${said}`, {
    cause: error,
    mend: 'Try again; if it stays so, ask the administrator to look at the log.',
  })
}

function toWords(reason: ExitReason): string {
  if (reason.kind !== 'exit') return 'for an unknown reason'
  return reason.signal === null ? `with code ${reason.code}` : `by ${reason.signal}`
}

function toMiB(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}

function isTimeout(error: unknown): boolean {
  if (error instanceof CygnetError) return error.code === 'timeout'
  return error instanceof Error && error.name === 'TimeoutError'
}
