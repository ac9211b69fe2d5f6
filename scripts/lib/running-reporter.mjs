import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { root } from './program.mjs'

/** Notes which test file runs: what hangs in a loop can say nothing itself. */
export default class RunningReporter {
  onTestModuleStart(module) {
    writeFileSync(process.env.CYGNET_TEST_RUNNING, relative(root, module.moduleId))
  }
}
