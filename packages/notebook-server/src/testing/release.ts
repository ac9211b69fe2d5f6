import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The software release that tests run kernels of. */
export function findRelease(): { python: string; bin: string; share: string } {
  // oxlint-disable-next-line node/no-process-env -- only tests come here
  const folder = process.env['CYGNET_TEST_RELEASE']
  if (folder === undefined || !existsSync(join(folder, 'bin/python'))) {
    throw new Error(`CYGNET_TEST_RELEASE must name a software release, a folder with bin/python; it is ${folder}.`)
  }
  return { python: join(folder, 'bin/python'), bin: join(folder, 'bin'), share: join(folder, 'share/jupyter') }
}
