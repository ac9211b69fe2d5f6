import { chmod, chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '@cygnet/core/database'
import type { Logger } from '@cygnet/core/log'
import { createSandboxSpawner } from '@cygnet/spawners/sandbox/spawner'
import type { Kysely } from 'kysely'
import { serverMigrations } from '../migrations.ts'
import { createBasePath } from '../../base-path.ts'
import { createServers, type Servers } from '../servers.ts'
import type { ServerTables } from '../tables.ts'
import { limits, releases } from './test-servers.ts'

const top = fileURLToPath(new URL('../../../../..', import.meta.url))

/** Servers in real sandboxes, on a folder that holds all that outlives them. */
export async function openSandboxes(
  folder: string,
  mode: string,
  logger: Logger,
): Promise<{ servers: Servers; database: Kysely<ServerTables> }> {
  const uid = process.getuid?.() === 0 ? 200_001 : null
  const home = join(folder, 'home')
  await mkdir(home, { recursive: true })
  await chmod(folder, 0o711)
  if (uid !== null) await chown(home, uid, uid)
  const database = await openDatabase<ServerTables>(join(folder, 'cygnet.sqlite'), [serverMigrations])
  const servers = createServers({
    base: createBasePath(undefined),
    database,
    spawner: createSandboxSpawner({ runtimeDir: join(folder, 'run'), log: logger, network: 'host', limits: 'off' }),
    limits,
    releases: async () => releases,
    describeSession: () => ({
      software: [
        { source: join(top, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node'), target: '/opt/cygnet/node' },
        { source: fileURLToPath(new URL('./session.mjs', import.meta.url)), target: '/opt/cygnet/session.mjs' },
      ],
      command: ['/opt/cygnet/node', '/opt/cygnet/session.mjs'],
      environment: { SESSION_MODE: mode },
      home,
      uid,
      frontDoorPort: null,
    }),
    mountsOf: async () => [],
    logger,
  })
  return { servers, database }
}
