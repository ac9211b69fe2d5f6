import { join } from 'node:path'

/** The Python of the locked environment in which the clients of others stand (`test/clients`): run them as `-m ...`. */
export function clientsPython(): string {
  const folder = process.env['CYGNET_TEST_CLIENTS']
  if (folder === undefined || folder === '')
    throw new Error(
      'CYGNET_TEST_CLIENTS must name the environment of the clients; `npm test` installs it and says where.',
    )
  return join(folder, 'bin', 'python')
}
