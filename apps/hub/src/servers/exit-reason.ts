import type { ExitReason } from '@cygnet/spawners/spawner'

const gibibyte = 2 ** 30

/** Tells the user why a server is gone; null where somebody stopped it. */
export function describeExit(reason: ExitReason): string | null {
  switch (reason.kind) {
    case 'stopped':
      return null
    case 'out-of-memory':
      return `It ran out of memory: it used all of its ${(reason.limit / gibibyte).toFixed(1)} GiB. Choose more memory to start it again.`
    case 'exit':
      return reason.signal === null
        ? `It ended by itself with exit code ${reason.code ?? 'unknown'}.`
        : `It was killed by the signal ${reason.signal}.`
    case 'share-held':
      return 'It was ended because a program in it did not let go of something that is no longer shared.'
    default:
      return 'It ended, and nothing tells why; the machine may have been restarted.'
  }
}
