import { readFile } from 'node:fs/promises'
import { CygnetError } from '@cygnet/core/errors'
import { findV1Folders, createV1Limiter } from './v1.ts'
import { findV2Base, createV2Limiter } from './v2.ts'
import { parseMounts } from './hierarchies.ts'
import type { Limiter } from './cgroup.ts'

interface LimiterOptions {
  mode: 'auto' | 'required' | 'off'
  /** The cgroup below which each session gets its own, from the hierarchy's root; null looks for one. */
  parent: string | null
}

/**
 * Finds out how sessions can be limited here; null where they cannot, or are not to be.
 * @throws CygnetError `unavailable` where limits are required and one of memory, CPU and processes cannot be had
 */
export async function createLimiter({ mode, parent }: LimiterOptions): Promise<Limiter | null> {
  if (mode === 'off') return null
  const limiter = await findLimiter(parent)
  const missing = missingLimits(limiter)
  if (missing.length === 0 || mode !== 'required') return limiter
  throw new CygnetError(
    'unavailable',
    `Limits on ${missing.join(', ')} cannot be set: no writable cgroup has the controllers.`,
    {
      mend: 'Run the service as root, or where systemd delegates the controllers to it (Delegate=yes), or set sandbox.limits to auto.',
    },
  )
}

/** What a limiter leaves without a limit. */
export function missingLimits(limiter: Limiter | null): Array<keyof Limiter['enforces']> {
  return (['memory', 'cpu', 'processes'] as const).filter((limit) => limiter?.enforces[limit] !== true)
}

async function findLimiter(parent: string | null): Promise<Limiter | null> {
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8'))
  const folders = await findV1Folders(mounts, parent ?? 'cygnet')
  if (folders.memory !== null || folders.pids !== null) return createV1Limiter(folders)
  const unified = mounts.find((mount) => mount.type === 'cgroup2')
  if (unified === undefined) return null
  const own = ownPath(await readFile('/proc/self/cgroup', 'utf8'))
  const isRoot = process.getuid?.() === 0
  const base = await findV2Base({ root: unified.path, own, isRoot, parent })
  return base === null ? null : createV2Limiter(base)
}

function ownPath(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.startsWith('0::'))
  return line?.slice(3) ?? '/'
}
