import { join } from 'node:path'
import type { BasePath } from '@cygnet/hub/base-path'
import { CygnetError } from '@cygnet/core/errors'
import type { InstalledRelease } from '@cygnet/software/python-release'
import type { StartRequest } from '@cygnet/spawners/spawner'
import type { Homes } from '@cygnet/storage/homes'

/** What a session is made of: the program, what it sees, and as whom it runs. */
type SessionProgram = Pick<StartRequest, 'software' | 'command' | 'environment' | 'home' | 'frontDoorPort'> & {
  uid: number | null
}

interface DescriberParts {
  /** The top of the installation. */
  top: string
  releases: InstalledRelease[]
  homes: Homes
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
    const interpreter =
      release.interpreter === null ? [] : [{ source: release.interpreter, target: release.interpreter }]
    return {
      home: home.folder,
      uid: parts.uidOf(user.id),
      software: [...program, { source: release.root, target: release.target }, ...interpreter],
      command: ['/opt/cygnet/node', ...nodeFlags, '/opt/cygnet/notebook-server/server.mjs'],
      environment: toEnvironment(user.name, release, choice.cores),
      frontDoorPort: parts.frontDoorPort(),
    }
  }

  function toEnvironment(name: string, release: InstalledRelease, cores: number): Record<string, string> {
    const port = parts.frontDoorPort()
    const threads = String(Math.max(1, Math.floor(cores)))
    return {
      CYGNET_URL: port === null ? parts.publicUrl() : `http://127.0.0.1:${port}${parts.base.path.slice(0, -1)}`,
      CYGNET_PUBLIC_URL: parts.publicUrl(),
      CYGNET_RELEASE: release.id,
      CYGNET_LAB_DIR: '/opt/cygnet/lab',
      CYGNET_PYTHON: `${release.target}/bin/python`,
      CYGNET_PYTHON_PATH: '/opt/cygnet/python',
      JUPYTER_PATH: `${release.target}/share/jupyter`,
      VIRTUAL_ENV: release.target,
      // What people install themselves lies in their home, one folder a release, and wins over the release.
      PIP_PREFIX: `/home/${name}/.local/releases/${release.id}`,
      PATH: `/home/${name}/.local/releases/${release.id}/bin:${release.target}/bin:/usr/local/bin:/usr/bin:/bin`,
      LANG: 'C.UTF-8',
      OMP_NUM_THREADS: threads,
      OPENBLAS_NUM_THREADS: threads,
      MKL_NUM_THREADS: threads,
    }
  }
}
