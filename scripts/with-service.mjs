import { buildAll } from './lib/build.mjs'
import { installDependencies } from './lib/install.mjs'
import { aloneInCheckout } from './lib/lock.mjs'
import { fail } from './lib/progress.mjs'
import { node, runInForeground } from './lib/program.mjs'

const [program, ...words] = process.argv.slice(2)

try {
  await aloneInCheckout(async () => {
    await installDependencies()
    await buildAll()
  })
  process.exitCode = await runInForeground(node, [program, ...words])
} catch (error) {
  fail(error)
}
