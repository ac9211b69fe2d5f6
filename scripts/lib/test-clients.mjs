import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { step } from './progress.mjs'
import { root, runQuietly } from './program.mjs'
import { isStamped, writeStamp } from './stamp.mjs'

/**
 * Installs the programs of others that the tests let talk to the service (`test/clients`), each lock in a folder of its own.
 * It is built beside and renamed when complete, so that an interrupted installation is never used.
 *
 * @returns the virtual environment; run what is in it as `bin/python -m ...`, its scripts know another path
 */
export async function prepareTestClients() {
  const lock = join(root, 'test', 'clients', 'requirements.lock')
  const digest = createHash('sha256')
    .update(await readFile(lock))
    .digest('hex')
  const folder = join(root, '.cache', `clients-${digest.slice(0, 12)}`)
  if (await isStamped(join(folder, '.installed'), digest)) return folder
  const building = `${folder}.${process.pid}.building`
  const build = async () => {
    await mkdir(join(root, '.cache'), { recursive: true })
    await runQuietly('python3 -m venv', 'python3', ['-m', 'venv', building])
    const flags = ['--no-input', '--disable-pip-version-check', '--progress-bar', 'off', '--only-binary', ':all:']
    const pip = ['-m', 'pip', 'install', ...flags, '--require-hashes', '-r', lock]
    await runQuietly('pip install', join(building, 'bin', 'python'), pip)
    await writeStamp(join(building, '.installed'), digest)
    await rm(folder, { recursive: true, force: true })
    await rename(building, folder)
  }
  try {
    await step('Installing the clients of the tests', build)
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return folder
}
