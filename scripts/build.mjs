import { buildAll } from './lib/build.mjs'
import { installDependencies } from './lib/install.mjs'
import { fail, say } from './lib/progress.mjs'

try {
  await installDependencies()
  await buildAll()
  say('Built.')
} catch (error) {
  fail(error)
}
