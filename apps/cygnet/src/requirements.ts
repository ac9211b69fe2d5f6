import { execFile, spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import { CygnetError } from '@cygnet/core/errors'

const execute = promisify(execFile)

interface Requirement {
  name: string
  /** Debian's packages that bring it. */
  packages: string[]
  /** Without it the service runs, with less isolation, and says so in its log. */
  optional?: boolean
  check: [program: string, ...args: string[]]
}

const pythonCheck = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'

const requirements: Requirement[] = [
  {
    name: 'Python 3.10 or newer with venv',
    packages: ['python3', 'python3-venv'],
    check: ['python3', '-c', pythonCheck],
  },
  { name: 'bubblewrap', packages: ['bubblewrap'], check: ['bwrap', '--version'] },
  { name: 'setpriv', packages: ['util-linux'], check: ['setpriv', '--version'] },
  { name: 'pasta', packages: ['passt'], optional: true, check: ['pasta', '--version'] },
]

/**
 * Makes sure that the programs the service needs are on the machine: installs what is missing where this is root on Debian.
 * @throws CygnetError `unavailable` naming what is missing and the command that mends it
 */
export async function ensureRequirements(report: (message: string) => void): Promise<void> {
  const missing = await findMissing()
  if (missing.length === 0) return
  const packages = missing.flatMap((requirement) => requirement.packages)
  if (process.getuid?.() === 0 && (await isDebian())) {
    report(`Installing ${packages.join(', ')}`)
    await install(packages)
  }
  const still = (await findMissing()).filter((requirement) => requirement.optional !== true)
  if (still.length === 0) return
  throw new CygnetError('unavailable', `This machine lacks ${still.map(({ name }) => name).join(', ')}.`, {
    mend: `Install it, on Debian or Ubuntu with:\n    sudo apt-get install -y ${packages.join(' ')}`,
  })
}

async function findMissing(): Promise<Requirement[]> {
  const found = await Promise.all(requirements.map(isThere))
  return requirements.filter((_, index) => found[index] !== true)
}

async function isThere({ check: [program, ...args] }: Requirement): Promise<boolean> {
  return execute(program, args).then(
    () => true,
    () => false,
  )
}

async function isDebian(): Promise<boolean> {
  return access('/usr/bin/apt-get').then(
    () => true,
    () => false,
  )
}

async function install(packages: string[]): Promise<void> {
  const flags = ['install', '-y', '-q', '--no-install-recommends', ...packages]
  const updated = await apt(['update', '-q'])
  const installed = await apt(flags)
  if (installed.code !== 0)
    throw new CygnetError(
      'unavailable',
      `apt-get could not install ${packages.join(', ')}:\n${installed.words}${updated.words}`,
      {
        mend: `Install them by hand: apt-get install ${packages.join(' ')}`,
      },
    )
}

async function apt(args: string[]): Promise<{ code: number | null; words: string }> {
  const child = spawn('apt-get', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  let words = ''
  const keep = (text: Buffer): void => {
    words = (words + text.toString()).slice(-2000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; words: string }>()
  child.on('error', (error) => resolve({ code: 1, words: String(error) }))
  child.on('close', (code) => resolve({ code, words }))
  return promise
}
