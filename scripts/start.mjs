import { join } from 'node:path'
import { buildAll } from './lib/build.mjs'
import { installDependencies } from './lib/install.mjs'
import { aloneInCheckout } from './lib/lock.mjs'
import { fail } from './lib/progress.mjs'
import { node, root, runInForeground } from './lib/program.mjs'

const cygnet = join(root, 'apps', 'cygnet', 'bin', 'cygnet.mjs')
const words = process.argv.slice(2)
const asksForHelp = words.includes('--help') || words.includes('-h')

try {
  await aloneInCheckout(async () => {
    await installDependencies()
    if (!asksForHelp) await prepare()
  })
  process.exitCode = await runInForeground(node, [cygnet, 'start', ...words], { cwd: process.env.INIT_CWD ?? root })
} catch (error) {
  fail(error)
}

/** The builds and the software release need nothing of one another. */
async function prepare() {
  const prepared = runInForeground(node, [cygnet, 'prepare', ...words], { cwd: process.env.INIT_CWD ?? root })
  const [code] = await Promise.all([prepared, buildAll()])
  if (code !== 0) process.exit(code)
}
