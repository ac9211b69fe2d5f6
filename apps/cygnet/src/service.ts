import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAuth, type Auth } from '@cygnet/auth/auth'
import { authMigrations, type AuthTables } from '@cygnet/auth/tables'
import type { Config } from '@cygnet/core/config'
import { openDatabase } from '@cygnet/core/database'
import type { Logger } from '@cygnet/core/log'
import { createHub, type Hub } from '@cygnet/hub/app'
import { createBasePath } from '@cygnet/hub/base-path'
import { createFileRoutes } from '@cygnet/hub/files/routes'
import { readExamples } from '@cygnet/hub/files/examples'
import { createPackageRoutes } from '@cygnet/hub/packages/routes'
import { createMachineRoutes } from '@cygnet/hub/routes/machine'
import { createProxy } from '@cygnet/hub/proxy/proxy'
import { createLimits } from '@cygnet/hub/servers/limits'
import { serverMigrations } from '@cygnet/hub/servers/migrations'
import { createServerRoutes } from '@cygnet/hub/servers/routes'
import { createServers, type Servers } from '@cygnet/hub/servers/servers'
import type { ServerTables } from '@cygnet/hub/servers/tables'
import { createOwnPackages } from '@cygnet/software/own-packages'
import type { InstalledRelease } from '@cygnet/software/python-release'
import { createSandboxSpawner } from '@cygnet/spawners/sandbox/spawner'
import type { IsolationGap, Mount } from '@cygnet/spawners/spawner'
import { createHomes } from '@cygnet/storage/homes'
import { storageMigrations, type StorageTables } from '@cygnet/storage/share-tables'
import { createShares, type ShareMount } from '@cygnet/storage/shares'
import type { Kysely } from 'kysely'
import { createOwnPackagesModes } from './own-packages-mode.ts'
import { createPackageSources } from './package-sources.ts'
import { createRuntimeFolder } from './runtime-folder.ts'
import { createSessionDescriber } from './session-program.ts'

const top = fileURLToPath(new URL('../../..', import.meta.url))

export interface Service {
  auth: Auth
  hub: Hub
  servers: Servers
  /**
   * Has what starts servers look at the machine already, and resolves with the promises of isolation that are not kept.
   * @throws CygnetError saying why no server can start now
   */
  prepare(): Promise<IsolationGap[]>
  /** Ends everything; the users' servers too, or they are left to the next start. */
  close(servers: 'stop' | 'keep'): Promise<void>
}

export interface ServiceParts {
  config: Config
  log: Logger
  releases: InstalledRelease[]
  /** The port of 127.0.0.1 at which sessions reach the service, known once it listens; null where there is none. */
  frontDoorPort: () => number | null
  /** Where people reach the service, without a slash at the end. */
  publicUrl: () => string
}

type Tables = AuthTables & ServerTables & StorageTables

/** Wires the blocks together over the embedded database. Nothing listens yet, and no server of an earlier run is touched. */
export async function createService({
  config,
  log,
  releases,
  frontDoorPort,
  publicUrl,
}: ServiceParts): Promise<Service> {
  const sources = await createPackageSources(config.software, config.data)
  const runtimeDir = await createRuntimeFolder(config.data)
  const path = join(config.data, 'cygnet.sqlite')
  const database = await openDatabase<Tables>(path, [authMigrations, serverMigrations, storageMigrations])
  await chmod(path, 0o600)
  // Kysely's type is invariant: each block is handed the tables that it knows.
  const storage = database as unknown as Kysely<StorageTables>
  const auth = createAuth({ database, signIn: config.signIn, log })
  const isRoot = process.getuid?.() === 0
  const uidOf = (id: number): number | null => (isRoot ? config.sandbox.uidBase + id : null)

  const homes = createHomes({ folder: join(config.data, 'homes'), ownerOf })
  const isUser = async (name: string): Promise<boolean> => (await auth.accounts.find(name)) !== undefined
  const shares = createShares({ database: storage, homes, isUser, log })
  const { network, limits } = config.sandbox
  const spawner = createSandboxSpawner({ runtimeDir, log, network, limits })
  const base = createBasePath(config.publicUrl)
  const ownPackages = createOwnPackages(config.software.ownPackages ?? join(config.data, 'homes', '.packages'))
  const modeOf = createOwnPackagesModes({ spawner, store: ownPackages, uid: uidOf(0), log })
  let preparing: Promise<IsolationGap[]> = Promise.resolve([])
  const servers = createServers({
    base,
    database,
    spawner,
    limits: createLimits(config.servers),
    releases: async () =>
      releases.map(({ id, title, description, highlights }) => ({ id, title, description, highlights })),
    describeSession: createSessionDescriber({
      top,
      releases,
      homes,
      ownPackages,
      modeOf,
      sources,
      uidOf,
      frontDoorPort,
      publicUrl,
      base,
    }),
    mountsOf: async (user) => (await shares.mountsOf(user.name)).map(toMount),
    began: followShares,
    active: (user, last) => auth.identities.active(user.id, last),
    logger: log,
  })
  shares.onChange(({ recipient }) => servers.refreshMounts(recipient))
  shares.follow().catch((error: unknown) => log.warn({ err: error }, 'What is shared cannot be looked after.'))

  const proxy = createProxy({ base, servers, trustProxy: config.trustProxy, logger: log })
  const hub = await createHub({
    auth,
    log,
    ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    trustProxy: config.trustProxy,
    servers,
    homes: { setAside },
    proxy,
    routes: [
      createMachineRoutes(() => prepare()),
      createServerRoutes({ base, servers, accounts: auth.accounts }),
      createPackageRoutes({
        servers,
        packages: {
          list: (name, signal) => ownPackages.list(name, releases, signal),
          reset: (name, id) => ownPackages.reset(name, id),
        },
      }),
      createFileRoutes({
        homes,
        shares,
        examples: await readExamples(join(top, 'examples')),
        attempts: auth.attempts,
        publicUrl,
      }),
    ],
    portalDir: await findPortal(),
  })
  return { auth, hub, servers, prepare, close }

  async function ownerOf(name: string): Promise<{ uid: number; gid: number } | null | undefined> {
    const user = await auth.accounts.find(name)
    if (user === undefined) return undefined
    const uid = uidOf(user.id)
    return uid === null ? null : { uid, gid: uid }
  }

  /** A file that its owner replaces is another file: while someone's session runs, what is shared with them is looked after. */
  function followShares({ name }: { name: string }, gone: AbortSignal): void {
    shares
      .watch(name)
      .catch((error: unknown) => log.warn({ user: name, err: error }, 'What is shared cannot be watched.'))
    gone.addEventListener('abort', () => shares.unwatch(name), { once: true })
  }

  async function setAside(user: { id: number; name: string }): Promise<void> {
    await shares.removeUser(user.name)
    await homes.setAside(user.name)
    await ownPackages.setAside(user.name)
  }

  async function prepare(): Promise<IsolationGap[]> {
    preparing = prepareSpawner()
    return preparing
  }

  async function prepareSpawner(): Promise<IsolationGap[]> {
    const gaps = (await spawner.prepare?.()) ?? []
    await Promise.all(releases.map(modeOf))
    ownPackages.sweep().catch((error: unknown) => log.warn({ err: error }, 'What a reset of packages has left stays.'))
    return gaps
  }

  async function close(fate: 'stop' | 'keep'): Promise<void> {
    await hub.close()
    // What it tries out is gone when it is done.
    await preparing.catch(() => {})
    await servers.close({ servers: fate })
    proxy.close()
    shares.close()
    await auth.close()
    await database.destroy()
  }
}

function toMount({ root, path, identity, target, readOnly, ownerUid }: ShareMount): Mount {
  return { source: { root, path, identity }, target, readOnly, ownerUid }
}

async function findPortal(): Promise<string> {
  const built = join(top, 'apps', 'portal', 'dist')
  const isBuilt = await stat(join(built, 'index.html')).then(
    () => true,
    () => false,
  )
  return isBuilt ? built : join(top, 'apps', 'portal', 'public')
}
