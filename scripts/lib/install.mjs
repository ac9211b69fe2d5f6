import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { step } from './progress.mjs'
import { machinePath, root, runQuietly } from './program.mjs'
import { isStamped, writeStamp } from './stamp.mjs'

/** Installs the locked dependencies of the project unless they are there. */
export async function installDependencies() {
  const [major] = process.versions.node.split('.').map(Number)
  if (major < 20)
    throw new Error(
      `Cygnet needs Node 20 or newer to install itself; this is ${process.version}. See https://nodejs.org.`,
    )
  await install('dependencies', root)
}

/** Installs the dependencies of the lab, a package of its own: it needs another React than the portal. */
export async function installLabDependencies() {
  await install('dependencies of the lab', join(root, 'apps', 'lab'))
}

async function install(what, folder) {
  const stamp = join(folder, 'node_modules', '.installed')
  const lock = createHash('sha256')
    .update(await readFile(join(folder, 'package-lock.json')))
    .digest('hex')
  if (await isStamped(stamp, lock)) return
  await step(`Installing the ${what}`, async () => {
    // All binaries lie in the packages: no package needs to run a script of its own, nor a compiler.
    const flags = [
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]
    // Not `npm ci`: it refuses a lock without the binaries of other platforms, which some mirrors of the registry do not have.
    const env = { PATH: machinePath }
    await runQuietly('npm install', 'npm', ['install', '--no-save', ...flags], { cwd: folder, env })
    await writeStamp(stamp, lock)
  })
}
