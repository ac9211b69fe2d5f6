import { join } from 'node:path'
import { installLabDependencies } from './install.mjs'
import { step } from './progress.mjs'
import { node, root, runQuietly } from './program.mjs'
import { fingerprint, isStamped, writeStamp } from './stamp.mjs'

/** What is built: from which files, by which program. The service itself runs from source. */
const targets = [
  {
    name: 'the notebook server',
    folder: 'packages/notebook-server',
    program: 'packages/notebook-server/build.ts',
    inputs: ['packages/notebook-server', 'packages/core', 'package-lock.json'],
  },
  {
    name: 'the portal',
    folder: 'apps/portal',
    program: 'apps/portal/build.mjs',
    inputs: ['apps/portal', 'packages/contract', 'package-lock.json'],
  },
  {
    name: 'the lab',
    folder: 'apps/lab',
    program: 'apps/lab/build.mjs',
    inputs: ['apps/lab', 'packages/contract'],
    before: installLabDependencies,
  },
]

/** Builds what has changed since it was last built. */
export async function buildAll() {
  await Promise.all(targets.map(build))
}

async function build({ name, folder, program, inputs, before }) {
  const stamp = join(root, folder, 'dist', '.built')
  const print = await fingerprint(inputs.map((input) => join(root, input)))
  if (await isStamped(stamp, print)) return
  await before?.()
  await step(`Building ${name}`, () => runQuietly(`Building ${name}`, node, [program]))
  await writeStamp(stamp, print)
}
