import { execFile } from 'node:child_process'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { isRoot } from './testing/bed.ts'
import { withDevices } from './testing/devices.ts'

const execute = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))
const uid = 60_123

interface Report {
  numPassedTests: number
  testResults: Array<{ assertionResults: Array<{ fullName: string; status: string; failureMessages: string[] }> }>
}

/** Runs a program as a user who is nobody else, on a machine whose tun device is open to all, as udev makes it. */
async function asUser(home: string, program: string, args: string[]): Promise<string> {
  const user = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--', program, ...args]
  const [unshare, ...whole] = withDevices('0666', user)
  const environment = { ...process.env, HOME: home, CI: '1', VITEST: undefined, NODE_OPTIONS: undefined }
  const { stdout } = await execute(unshare, whole, { env: environment, maxBuffer: 1e8 }).catch((error: unknown) => {
    const { stdout: out, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${out}\n${stderr}`)
  })
  return stdout
}

// Everything again, as the service of an ordinary user: what needs root is skipped there.
test.runIf(isRoot)('all of it works for the service of an ordinary user', { timeout: 600_000 }, async () => {
  const home = await mkdtemp('/tmp/cygnet-u-')
  try {
    await chown(home, uid, uid)
    const all = ['-r', fileURLToPath(import.meta.url), '-a', '-x', process.execPath]
    await asUser(home, 'test', all).catch(() => expect.fail('The checkout is closed to other users: open it to them.'))
    const vitest = fileURLToPath(import.meta.resolve('vitest/package.json')).replace('package.json', 'vitest.mjs')
    const root = join(here, '..', '..', '..', '..')
    const output = join(home, 'report.json')
    const args = ['run', here, '--root', root, '--configLoader', 'runner', '--maxWorkers', '1']
    const ended = asUser(home, process.execPath, [vitest, ...args, '--reporter', 'json', '--outputFile', output])
    const words = await ended.catch(String)
    const report = await readFile(output, 'utf8').catch(() => expect.fail(words))
    const { numPassedTests, testResults } = JSON.parse(report) as Report
    const failed = testResults.flatMap((file) => file.assertionResults).filter(({ status }) => status === 'failed')
    expect(failed.map(({ fullName, failureMessages }) => [fullName, ...failureMessages])).toEqual([])
    expect(numPassedTests).toBeGreaterThan(50)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
