import type { OwnPlace } from '@cygnet/software/own-packages'
import type { InstalledRelease } from '@cygnet/software/python-release'
import type { Software } from '@cygnet/spawners/spawner'
import type { OwnPackagesMode } from './own-packages-mode.ts'

/** A release as a session sees it, with what its user has installed. */
export interface SessionPackages {
  software: Software[]
  /** The folder of the Python environment that kernels and terminals use. */
  prefix: string
  /** Further folders for the search path, after the prefix's own. */
  path: string[]
  jupyterPath: string[]
  /** What is to stand before the program's command. */
  before: string[]
}

/** Where the release is seen as it is, without what its user installed over it; see own_packages.py. */
const plainRelease = '/opt/cygnet/release'
const makeEnvironment = '/opt/cygnet/python/cygnet/environment.py'

export function toSessionPackages(release: InstalledRelease, place: OwnPlace, mode: OwnPackagesMode): SessionPackages {
  const { root, target } = release
  const share = (prefix: string): string => `${prefix}/share/jupyter`
  const base = { path: [], before: [] }
  if (mode === 'layer') {
    const { layer } = place
    const software: Software[] = [
      { source: root, target, access: { kind: 'layer', layer } },
      { source: root, target: plainRelease },
    ]
    return { ...base, software, prefix: target, jupyterPath: [share(target)] }
  }
  const prefix = `/software/own/${release.id}`
  return {
    software: [
      { source: root, target },
      { source: place.environment, target: prefix, access: { kind: 'write' } },
    ],
    prefix,
    path: [`${target}/bin`],
    jupyterPath: [share(prefix), share(target)],
    before: [`${target}/bin/python`, '-I', makeEnvironment, prefix],
  }
}
