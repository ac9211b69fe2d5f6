import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ensureRequirements } from './requirements.ts'

const isRoot = process.getuid?.() === 0

/** A machine that has these programs, and an apt-get that writes down what it is asked for and fails for some packages. */
async function createMachine(programs: string[], refused: string): Promise<{ asked: () => Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-machine-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'bin'))
  for (const name of programs) await symlink('/bin/true', join(folder, 'bin', name))
  const aptGet = join(folder, 'bin', 'apt-get')
  await writeFile(
    aptGet,
    `#!/bin/sh\necho "$@" >> ${folder}/asked\ncase "$*" in *${refused}*) echo "E: no ${refused}"; exit 100;; esac\n`,
  )
  await chmod(aptGet, 0o755)
  vi.stubEnv('PATH', join(folder, 'bin'))
  onTestFinished(() => void vi.unstubAllEnvs())
  return { asked: () => readFile(join(folder, 'asked'), 'utf8') }
}

test.runIf(isRoot)('what is optional and not to be had keeps nothing else from being installed', async () => {
  const machine = await createMachine(['python3', 'bwrap', 'setpriv'], 'passt')
  const told: string[] = []
  await ensureRequirements((message) => told.push(message))
  // What it means is said at the end of the start.
  expect(told).toEqual(['Installing iproute2 passt'])
  expect(await machine.asked()).toMatch(/install .*iproute2 passt/)
})

test.runIf(isRoot)('what is needed and cannot be installed is named with what apt-get said', async () => {
  const machine = await createMachine(['python3', 'setpriv', 'pasta'], 'bubblewrap')
  const outcome = ensureRequirements(() => undefined)
  await expect(outcome).rejects.toMatchObject({ code: 'unavailable', mend: expect.stringContaining('bubblewrap') })
  await expect(outcome).rejects.toThrow('E: no bubblewrap')
  expect(await machine.asked()).not.toContain('iproute2')
})

test.runIf(isRoot)('where nothing is missing nothing is installed', async () => {
  const machine = await createMachine(['python3', 'bwrap', 'setpriv', 'pasta', 'ip'], 'x')
  await ensureRequirements(() => expect.fail('There is nothing to tell.'))
  await expect(machine.asked()).rejects.toThrow('ENOENT')
})
