import { execFile } from 'node:child_process'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { withDevices } from './devices.ts'

const execute = promisify(execFile)
const top = fileURLToPath(new URL('../../../../..', import.meta.url))
const uid = 60_123

interface Report {
  numPassedTests: number
  testResults: Array<{ assertionResults: Array<{ fullName: string; status: string; failureMessages: string[] }> }>
}

/**
 * Runs the tests at this path again as a user who is nobody else; the caller is root. Expects none to fail.
 * @returns how many passed
 */
export async function runAsOrdinaryUser(path: string): Promise<number> {
  const home = await mkdtemp('/tmp/cygnet-u-')
  try {
    await chown(home, uid, uid)
    const access = ['-r', fileURLToPath(import.meta.url), '-a', '-x', process.execPath]
    await asUser(home, 'test', access).catch(() =>
      expect.fail('The checkout is closed to other users: open it to them.'),
    )
    const vitest = fileURLToPath(import.meta.resolve('vitest/package.json')).replace('package.json', 'vitest.mjs')
    const output = join(home, 'report.json')
    const args = ['run', path, '--root', top, '--configLoader', 'runner', '--maxWorkers', '1']
    const ended = asUser(home, process.execPath, [vitest, ...args, '--reporter', 'json', '--outputFile', output])
    const words = await ended.catch(String)
    const report = await readFile(output, 'utf8').catch(() => expect.fail(words))
    const { numPassedTests, testResults } = JSON.parse(report) as Report
    const failed = testResults.flatMap((file) => file.assertionResults).filter(({ status }) => status === 'failed')
    expect(failed.map(({ fullName, failureMessages }) => [fullName, ...failureMessages])).toEqual([])
    return numPassedTests
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Runs a program as a user who is nobody else, on a machine whose tun device is open to all, as udev makes it. */
async function asUser(home: string, program: string, args: string[]): Promise<string> {
  const user = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--', program, ...args]
  const [unshare, ...whole] = withDevices('0666', user)
  // oxlint-disable-next-line node/no-process-env -- only tests come here
  const environment = { ...process.env, HOME: home, CI: '1', VITEST: undefined, NODE_OPTIONS: undefined }
  const { stdout } = await execute(unshare, whole, { env: environment, maxBuffer: 1e8 }).catch((error: unknown) => {
    const { stdout: out, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${out}\n${stderr}`)
  })
  return stdout
}
