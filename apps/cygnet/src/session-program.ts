import { join } from 'node:path'
import type { BasePath } from '@cygnet/hub/base-path'
import { CygnetError } from '@cygnet/core/errors'
import type { OwnPackagesStore } from '@cygnet/software/own-packages'
import type { InstalledRelease } from '@cygnet/software/python-release'
import type { StartRequest } from '@cygnet/spawners/spawner'
import type { Homes } from '@cygnet/storage/homes'
import type { OwnPackagesMode } from './own-packages-mode.ts'
import type { PackageSources } from './package-sources.ts'
import { toSessionPackages, type SessionPackages } from './session-packages.ts'

/** What a session is made of: the program, what it sees, and as whom it runs. */
type SessionProgram = Pick<StartRequest, 'software' | 'command' | 'environment' | 'home' | 'frontDoorPort'> & {
  uid: number | null
}

interface DescriberParts {
  /** The top of the installation. */
  top: string
  releases: InstalledRelease[]
  homes: Homes
  ownPackages: Pick<OwnPackagesStore, 'open'>
  modeOf: (release: InstalledRelease) => Promise<OwnPackagesMode>
  sources: PackageSources
  uidOf: (userId: number) => number | null
  frontDoorPort: () => number | null
  publicUrl: () => string
  /** The service's base path. */
  base: BasePath
}

const nodeFlags = [
  // Most servers wait most of the time: a small nursery saves a fifth of their memory, and costs large notebooks 5 %.
  '--max-semi-space-size=1',
  // Or else it opens Node's inspector, to which everything in the session may talk.
  '--disable-sigusr1',
]

export type DescribeSession = (
  user: { id: number; name: string },
  choice: { release: string; cores: number },
) => Promise<SessionProgram>

/** Describes sessions of the notebook server in a release. */
export function createSessionDescriber(parts: DescriberParts): DescribeSession {
  const program = [
    {
      source: join(parts.top, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'),
      target: '/opt/cygnet/node',
    },
    { source: join(parts.top, 'packages', 'notebook-server', 'dist'), target: '/opt/cygnet/notebook-server' },
    { source: join(parts.top, 'apps', 'lab', 'dist'), target: '/opt/cygnet/lab' },
    { source: join(parts.top, 'python'), target: '/opt/cygnet/python' },
  ]
  return async (user, choice) => {
    const release = parts.releases.find((one) => one.id === choice.release)
    if (release === undefined) throw new CygnetError('bad-request', `There is no software release ${choice.release}.`)
    const home = await parts.homes.open(user.name)
    const uid = parts.uidOf(user.id)
    const place = await parts.ownPackages.open({ name: user.name, uid }, release)
    const packages = toSessionPackages(release, place, await parts.modeOf(release))
    const interpreter =
      release.interpreter === null ? [] : [{ source: release.interpreter, target: release.interpreter }]
    return {
      home: home.folder,
      uid,
      software: [...program, ...packages.software, ...interpreter, ...parts.sources.software],
      command: [...packages.before, '/opt/cygnet/node', ...nodeFlags, '/opt/cygnet/notebook-server/server.mjs'],
      environment: { ...parts.sources.environment, ...toEnvironment(release, packages, choice.cores) },
      frontDoorPort: parts.frontDoorPort(),
    }
  }

  function toEnvironment(release: InstalledRelease, packages: SessionPackages, cores: number): Record<string, string> {
    const { prefix } = packages
    const port = parts.frontDoorPort()
    const threads = String(Math.max(1, Math.floor(cores)))
    return {
      CYGNET_URL: port === null ? parts.publicUrl() : `http://127.0.0.1:${port}${parts.base.path.slice(0, -1)}`,
      CYGNET_PUBLIC_URL: parts.publicUrl(),
      CYGNET_RELEASE: release.id,
      CYGNET_LAB_DIR: '/opt/cygnet/lab',
      CYGNET_PYTHON: `${prefix}/bin/python`,
      CYGNET_PYTHON_PATH: '/opt/cygnet/python',
      JUPYTER_PATH: packages.jupyterPath.join(':'),
      // As after `source activate`: what is installed by pip, uv and others goes there, and an environment of the user's own stands
      // in for it where it is activated.
      VIRTUAL_ENV: prefix,
      PATH: [`${prefix}/bin`, ...packages.path, '/usr/local/bin:/usr/bin:/bin'].join(':'),
      // The release's pip is the operator's to renew.
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      LANG: 'C.UTF-8',
      OMP_NUM_THREADS: threads,
      OPENBLAS_NUM_THREADS: threads,
      MKL_NUM_THREADS: threads,
    }
  }
}
