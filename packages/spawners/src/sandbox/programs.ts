import { realpath } from 'node:fs/promises'
import { CygnetError } from '@cygnet/core/errors'
import { findProgram } from './run.ts'

/** Full paths of the programs a sandbox is made with. */
export interface Programs {
  bwrap: string
  setpriv: string
  prlimit: string
  unshare: string
  nsenter: string
  split: string
  bash: string
  mknod: string
  /** Null where it is missing: no session has a network of its own then. */
  pasta: string | null
  /** Null where it is missing: a cloud's metadata service is in reach then. */
  ip: string | null
  /** Null where it is missing: nothing is shared into a session then. */
  python: string | null
}

const packages: Partial<Record<keyof Programs, string>> = {
  bwrap: 'bubblewrap',
  bash: 'bash',
  split: 'coreutils',
  mknod: 'coreutils',
}

/**
 * @param path - folders, as in the variable PATH
 * @throws CygnetError `unavailable` naming what is missing
 */
export async function findPrograms(path: string): Promise<Programs> {
  const need = async (name: Exclude<keyof Programs, 'pasta' | 'ip' | 'python'>): Promise<string> => {
    const found = await findProgram(name, path)
    if (found !== null) return found
    throw new CygnetError('unavailable', `Sessions cannot start: the program ${name} is missing on this machine.`, {
      mend: `Install the package ${packages[name] ?? 'util-linux'}.`,
    })
  }
  const [bwrap, setpriv, prlimit, unshare, nsenter, split, bash, mknod] = await Promise.all([
    need('bwrap'),
    need('setpriv'),
    need('prlimit'),
    need('unshare'),
    need('nsenter'),
    need('split'),
    need('bash'),
    need('mknod'),
  ])
  // These two run inside as well, where only the host's /usr is sure to be.
  const inside = { setpriv: await realpath(setpriv), prlimit: await realpath(prlimit) }
  const [pasta, ip, python] = await Promise.all(['pasta', 'ip', 'python3'].map((name) => findProgram(name, path)))
  return {
    ...inside,
    bwrap,
    unshare,
    nsenter,
    split,
    bash,
    mknod,
    pasta: pasta ?? null,
    ip: ip ?? null,
    python: python ?? null,
  }
}
