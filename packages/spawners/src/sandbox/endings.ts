import type { ExitReason } from '../spawner.ts'
import type { SessionRecord } from './handle.ts'
import { tearDown } from './teardown.ts'

/** Ends each session once, whoever notices first, and remembers for a while how it ended: then nothing else is left of it. */
export interface Endings {
  /** How the session ended, where this process saw it. */
  recall(id: string): ExitReason | undefined
  /** The next end of this session is one that was asked for, or has this reason. */
  expect(id: string, reason?: ExitReason): void
  end(record: SessionRecord): Promise<ExitReason>
}

const remembered = 1000

export function createEndings(runtimeDir: string): Endings {
  const reasons = new Map<string, ExitReason>()
  const expected = new Map<string, ExitReason>()
  const pending = new Map<string, Promise<ExitReason>>()
  return {
    recall: (id) => reasons.get(id),
    expect: (id, reason = { kind: 'stopped' }) => void expected.set(id, reason),
    async end(record) {
      const { id } = record
      const known = reasons.get(id)
      if (known !== undefined) return known
      const ending = pending.get(id) ?? tearDown(runtimeDir, record)
      pending.set(id, ending)
      try {
        const reason = expected.get(id) ?? (await ending)
        await ending
        remember(id, reason)
        return reason
      } finally {
        pending.delete(id)
      }
    },
  }

  function remember(id: string, reason: ExitReason): void {
    expected.delete(id)
    reasons.set(id, reasons.get(id) ?? reason)
    for (const oldest of reasons.keys()) {
      if (reasons.size <= remembered) return
      reasons.delete(oldest)
    }
  }
}
