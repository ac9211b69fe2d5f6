import { readFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buildAll } from './lib/build.mjs'
import { installDependencies, installLabDependencies } from './lib/install.mjs'
import { aloneInCheckout } from './lib/lock.mjs'
import { fail, say, step } from './lib/progress.mjs'
import { node, root, runInForeground, runQuietly } from './lib/program.mjs'
import { prepareTestClients } from './lib/test-clients.mjs'
import { prepareTestMachine } from './lib/test-machine.mjs'

// Arguments go to vitest: `npm test -- packages/storage` runs those tests alone, without the static checks.
const words = process.argv.slice(2)
const cache = join(root, '.cache')
const report = join(cache, 'test-report.json')
const running = join(cache, 'test-running')
const minutes = 50

try {
  const { release, clients } = await aloneInCheckout(prepare)
  if (words.length === 0) await step('Checking types, lint, format and unused code', check)
  process.exitCode = await runTests(release, clients)
} catch (error) {
  fail(error)
}

async function prepare() {
  await installDependencies()
  await prepareTestMachine()
  await installLabDependencies()
  const release = await prepareRelease()
  const clients = await prepareTestClients()
  await buildAll()
  return { release, clients }
}

/** The tests run real kernels: in the default release, installed once. */
async function prepareRelease() {
  const cygnet = join(root, 'apps', 'cygnet', 'bin', 'cygnet.mjs')
  await mkdir(cache, { recursive: true })
  const code = await runInForeground(node, [cygnet, 'prepare', '--data', join(cache, 'data')])
  if (code !== 0) throw new Error('The software release could not be prepared.')
  const software = join(cache, 'data', 'software')
  const names = (await readdir(software)).filter((name) => !name.endsWith('.building'))
  const ages = await Promise.all(names.map(async (name) => (await stat(join(software, name))).mtimeMs))
  return join(software, names[ages.indexOf(Math.max(...ages))])
}

async function check() {
  for (const script of ['typecheck', 'lint', 'format:check', 'knip'])
    await runQuietly(`npm run ${script}`, 'npm', ['run', '--silent', script])
}

async function runTests(release, clients) {
  say('Running the tests')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const files = join(root, 'scripts', 'lib', 'running-reporter.mjs')
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const env = {
    CYGNET_TEST_RELEASE: release,
    CYGNET_TEST_CLIENTS: clients,
    CYGNET_TEST_RUNNING: running,
    NO_COLOR: '1',
  }
  await rm(report, { force: true })
  const command = [vitest, 'run', ...reporters, `--reporter=${files}`, ...words]
  const code = await runInForeground(node, command, { env, minutes })
  const result = await readFile(report, 'utf8').catch(async () => {
    throw new Error(`The tests were ended (within ${minutes} minutes) while ${await readFile(running, 'utf8')} ran.`)
  })
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(result)
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''
  process.stdout.write(`\n${numPassedTests} passed, ${numFailedTests} failed${skipped}\n`)
  if (numPendingTests > 0) throw new Error('Tests were skipped; a test that cannot run must fail.')
  return code
}
