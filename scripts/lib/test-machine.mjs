import { access, rm, writeFile } from 'node:fs/promises'
import { step } from './progress.mjs'
import { runQuietly } from './program.mjs'

/** What the tests use beside what the service itself needs: a file that tells whether it is there, and Debian's package. */
const needs = [
  ['/usr/bin/chromium', 'chromium'],
  ['/usr/bin/bwrap', 'bubblewrap'],
  ['/usr/bin/pasta', 'passt'],
  ['/usr/bin/unzip', 'unzip'],
  ['/usr/sbin/mkfs.ext4', 'e2fsprogs'],
  ['/usr/bin/curl', 'curl'],
  ['/usr/bin/python3', 'python3'],
  ['/usr/sbin/nginx', 'nginx'],
  ['/usr/bin/caddy', 'caddy'],
  ['/usr/share/doc/python3-venv', 'python3-venv'],
  ['/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf', 'fonts-dejavu-core'],
]

/** Installs what the tests need where this is root on Debian. @throws Error naming what is missing and the command that mends it */
export async function prepareTestMachine() {
  await installMissing()
  if (process.getuid() === 0) await makeLoopDevices()
}

async function installMissing() {
  const missing = await findMissing()
  if (missing.length === 0) return
  const mend = `apt-get install -y ${missing.join(' ')}`
  if (process.getuid() !== 0) throw new Error(`The tests need ${missing.join(', ')}. Install them: sudo ${mend}`)
  await step(`Installing ${missing.join(', ')}`, async () => {
    const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, isHolder: false }
    await runQuietly('apt-get update', 'apt-get', ['update', '-q'], options)
    await withoutServices(() =>
      runQuietly('apt-get', 'apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], options),
    )
  })
  const still = await findMissing()
  if (still.length > 0) throw new Error(`Still missing after the installation: ${still.join(', ')}.`)
}

/** Without udev nothing has made the device nodes by which a file is mounted as a disk, see loop(4). */
async function makeLoopDevices() {
  const nodes = [
    ['loop-control', 'c', '10', '237'],
    ...Array.from({ length: 8 }, (_, n) => [`loop${n}`, 'b', '7', `${n}`]),
  ]
  for (const [name, ...numbers] of nodes) {
    const path = `/dev/${name}`
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (!isThere) await runQuietly('mknod', 'mknod', ['-m', '600', path, ...numbers])
  }
}

/** Has packages install their programs without starting them as services of this machine, see invoke-rc.d(8). */
async function withoutServices(work) {
  const policy = '/usr/sbin/policy-rc.d'
  // Whoever has a policy of their own keeps it.
  const isOurs = await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' }).then(
    () => true,
    () => false,
  )
  try {
    await work()
  } finally {
    if (isOurs) await rm(policy)
  }
}

async function findMissing() {
  const found = await Promise.all(
    needs.map(([file]) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  )
  return needs.filter((_, index) => !found[index]).map(([, name]) => name)
}
