import { buildAll } from './lib/build.mjs'
import { installDependencies } from './lib/install.mjs'
import { aloneInCheckout } from './lib/lock.mjs'
import { fail, say } from './lib/progress.mjs'

try {
  await aloneInCheckout(async () => {
    await installDependencies()
    await buildAll()
  })
  say('Built.')
} catch (error) {
  fail(error)
}
