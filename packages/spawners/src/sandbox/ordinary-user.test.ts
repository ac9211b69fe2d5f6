import { execFile } from 'node:child_process'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { isRoot } from './testing/bed.ts'

const execute = promisify(execFile)
const here = dirname(fileURLToPath(import.meta.url))
const uid = 60_123

interface Report {
  numPassedTests: number
  testResults: Array<{ assertionResults: Array<{ fullName: string; status: string; failureMessages: string[] }> }>
}

/** Runs a program as a user who is nobody else. */
async function asUser(home: string, program: string, args: string[]): Promise<string> {
  const whole = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--', program, ...args]
  const environment = { ...process.env, HOME: home, CI: '1', VITEST: undefined, NODE_OPTIONS: undefined }
  const { stdout } = await execute('setpriv', whole, { env: environment, maxBuffer: 1e8 }).catch((error: unknown) => {
    const { stdout: out, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${out}\n${stderr}`)
  })
  return stdout
}

// Everything again, as the service of an ordinary user: what needs root is skipped there.
test.runIf(isRoot)('all of it works for the service of an ordinary user', { timeout: 600_000 }, async ({ skip }) => {
  const home = await mkdtemp('/tmp/cygnet-u-')
  try {
    await chown(home, uid, uid)
    const mayRead = await asUser(home, 'test', [
      '-r',
      fileURLToPath(import.meta.url),
      '-a',
      '-x',
      process.execPath,
    ]).then(
      () => true,
      () => false,
    )
    if (!mayRead) skip('The checkout is closed to other users.')
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
