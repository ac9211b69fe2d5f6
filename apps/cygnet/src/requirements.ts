import { execFile, spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import { CygnetError } from '@cygnet/core/errors'

const execute = promisify(execFile)

interface Requirement {
  name: string
  /** Debian's packages that bring it. */
  packages: string[]
  /** Without it the service runs with less isolation, and says so at the end of its start. */
  optional?: boolean
  check: [program: string, ...args: string[]]
}

// What the service's user has set up for their own Python is not looked at.
const pythonCheck = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'

const requirements: Requirement[] = [
  {
    name: 'Python 3.10 or newer with venv',
    packages: ['python3', 'python3-venv'],
    check: ['python3', '-I', '-c', pythonCheck],
  },
  { name: 'bubblewrap', packages: ['bubblewrap'], check: ['bwrap', '--version'] },
  { name: 'setpriv', packages: ['util-linux'], check: ['setpriv', '--version'] },
  { name: 'ip', packages: ['iproute2'], optional: true, check: ['ip', '-V'] },
  { name: 'pasta', packages: ['passt'], optional: true, check: ['pasta', '--version'] },
]

/**
 * Makes sure that the programs the service needs are on the machine: installs what is missing where this is root on Debian.
 * @throws CygnetError `unavailable` naming what is missing and the command that mends it
 */
export async function ensureRequirements(report: (message: string) => void): Promise<void> {
  const missing = await findMissing()
  if (missing.length === 0) return
  if (process.getuid?.() === 0 && (await isDebian())) await installAll(missing, report)
  const still = await findMissing()
  const needed = still.filter(({ optional }) => optional !== true)
  if (needed.length > 0)
    throw new CygnetError('unavailable', `This machine lacks ${namesOf(needed)}.`, {
      mend: `Install it, on Debian or Ubuntu with:\n    sudo apt-get install -y ${packagesOf(still)}`,
    })
}

/** An older distribution may not have what is optional: it must not keep the rest from being installed. */
async function installAll(missing: Requirement[], report: (message: string) => void): Promise<void> {
  report(`Installing ${packagesOf(missing)}`)
  const updated = await apt(['update', '-q'])
  for (const optional of [false, true]) {
    const some = missing.filter((one) => (one.optional ?? false) === optional)
    if (some.length === 0) continue
    const packages = some.flatMap((one) => one.packages)
    const installed = await apt(['install', '-y', '-q', '--no-install-recommends', ...packages])
    if (installed.code === 0 || optional) continue
    throw new CygnetError(
      'unavailable',
      `apt-get could not install ${packages.join(', ')}:\n${installed.words}${updated.words}`,
      { mend: `Install them by hand: apt-get install ${packages.join(' ')}` },
    )
  }
}

function namesOf(some: Requirement[]): string {
  return some.map(({ name }) => name).join(', ')
}

function packagesOf(some: Requirement[]): string {
  return some.flatMap(({ packages }) => packages).join(' ')
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
