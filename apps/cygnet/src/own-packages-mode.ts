import { toCygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import type { OwnPackagesStore } from '@cygnet/software/own-packages'
import type { InstalledRelease } from '@cygnet/software/python-release'
import type { Spawner } from '@cygnet/spawners/spawner'

/**
 * Where what users install themselves goes: over the release, at its own path, or where the machine cannot do that, into an
 * environment beside it that finds the release's packages after its own.
 */
export type OwnPackagesMode = 'layer' | 'environment'

interface ModeParts {
  spawner: Pick<Spawner, 'tryLayer'>
  store: Pick<OwnPackagesStore, 'folder'>
  /** Of some user; null where all have the service's own. */
  uid: number | null
  log: Logger
}

/** Finds out by trying, once for each release, and says in the log what cannot be had. */
export function createOwnPackagesModes(parts: ModeParts): (release: InstalledRelease) => Promise<OwnPackagesMode> {
  const known = new Map<string, Promise<OwnPackagesMode>>()
  return (release) => {
    const mode = known.get(release.root) ?? find(parts, release)
    known.set(release.root, mode)
    return mode
  }
}

async function find({ spawner, store, uid, log }: ModeParts, release: InstalledRelease): Promise<OwnPackagesMode> {
  if (spawner.tryLayer === undefined) return 'environment'
  try {
    await spawner.tryLayer(release.root, store.folder, uid)
    return 'layer'
  } catch (error) {
    const { message, mend } = toCygnetError(error)
    log.warn(
      { release: release.id, mend },
      `What users install goes beside the release and not over it, so that they cannot remove packages of the release: ${message}`,
    )
    return 'environment'
  }
}
