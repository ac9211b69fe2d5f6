import { chown, chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import type { SpawnerBed } from '../../conformance.ts'
import type { Address, StartRequest } from '../../spawner.ts'
import { runIn, shellServer } from '../../testing/shell-server.ts'
import { createLimiter } from '../cgroup/limiter.ts'
import { run } from '../run.ts'
import { createSandboxSpawner, type SandboxHandle, type SandboxOptions } from '../spawner.ts'

/** Whether the tests run as root: then each user has a uid of their own. */
export const isRoot = process.getuid?.() === 0

export interface SandboxBed extends SpawnerBed<SandboxHandle> {
  /** A folder for this test, only for the service. */
  folder: string
  runtimeDir: string
  /** What the spawners logged. */
  logged: Array<Record<string, unknown>>
  create(change?: Partial<SandboxOptions>): ReturnType<typeof createSandboxSpawner>
  /** Starts the shell server; software is added to its own. */
  startShell(change?: Partial<StartRequest>): Promise<Shell>
  /** A user with a home; its uid is null where all share one. */
  createUser(name?: string): Promise<{ name: string; uid: number | null; home: string }>
}

export interface Shell {
  request: StartRequest
  handle: SandboxHandle
  address: Address & { kind: 'socket' }
  /** What a script of bash prints inside. */
  print(script: string): Promise<string>
  /** Whether a script of bash ends well inside. */
  succeeds(script: string): Promise<boolean>
}

let users = 0
let sessions = 0

/** Real sandboxes, with all of their own in a folder that {@link SpawnerBed.close} removes. */
export async function createSandboxBed(options: Partial<SandboxOptions> = {}): Promise<SandboxBed> {
  // Short, for the sake of socket paths; closed to others, as the service's data may be.
  const folder = await mkdtemp('/tmp/cygnet-s-')
  const runtimeDir = join(folder, 'run')
  const logged: Array<Record<string, unknown>> = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) })
  await mkdir(join(folder, 'homes'), { mode: 0o711 })
  await mkdir(join(folder, 'programs'))
  await writeFile(join(folder, 'secret.sqlite'), 'the service’s own', { mode: 0o600 })
  const limiter = await createLimiter({ mode: 'auto', parent: null })
  const bed: SandboxBed = {
    folder,
    runtimeDir,
    logged,
    create,
    createUser,
    async startShell(change = {}) {
      const plain = await bed.request(shellServer)
      const software = [...plain.software, ...(change.software ?? [])]
      const request = { ...plain, ...change, software }
      const { handle, address } = await bed.spawner.start(request, new AbortController().signal, () => {})
      if (address.kind !== 'socket') throw new Error('A sandbox listens on a socket.')
      const print = async (script: string): Promise<string> => (await runIn(address, script)).out
      const succeeds = async (script: string): Promise<boolean> => (await runIn(address, script)).code === 0
      return { request, handle, address, print, succeeds }
    },
    spawner: create(),
    restart: () => create(),
    limitsMemory: limiter?.enforces.memory === true,
    async request(source, change = {}) {
      const id = `t${process.pid}-${sessions++}`
      const program = join(folder, 'programs', `${id}.mjs`)
      await writeFile(program, source)
      await chmod(program, 0o644)
      const { name, uid, home } = await createUser()
      return {
        id,
        user: { name, uid },
        home,
        software: [
          { source: process.execPath, target: '/opt/cygnet/node' },
          { source: program, target: '/opt/cygnet/program.mjs' },
        ],
        mounts: [],
        command: ['/opt/cygnet/node', '/opt/cygnet/program.mjs'],
        environment: {},
        limits: { cores: 2, memoryBytes: 512 * 1024 * 1024, processes: 128 },
        frontDoorPort: null,
        ...change,
      }
    },
    async foreignFolder(file, content) {
      const owner = await createUser()
      const path = 'work/shared'
      for (const part of ['work', path]) await makeOwn(join(owner.home, part), owner.uid)
      await writeOwn(join(owner.home, path, file), content, owner.uid)
      return { root: owner.home, path, ownerUid: owner.uid }
    },
    readHome: async (request, file) => readFile(join(request.home, file), 'utf8'),
    leftovers: () => findLeftovers(folder, runtimeDir),
    async close() {
      await bed.create().sweep?.([])
      const left = await findLeftovers(folder, runtimeDir)
      // Never below a mount: what is mounted there is not ours to remove.
      if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}`)
      // The file system's own folder of a layer is closed to a service that is no root.
      if (!isRoot) await run('chmod', ['-R', 'u+rwX', folder])
      await rm(folder, { recursive: true, force: true })
    },
  }
  return bed

  function create(change: Partial<SandboxOptions> = {}): ReturnType<typeof createSandboxSpawner> {
    const all = { runtimeDir, log, network: 'auto', limits: 'auto', stopMilliseconds: 1000 } as const
    return createSandboxSpawner({ ...all, ...options, ...change })
  }

  async function createUser(name = `user${users}`): Promise<{ name: string; uid: number | null; home: string }> {
    const uid = isRoot ? 250_000 + users++ : null
    if (!isRoot) users++
    const home = join(folder, 'homes', name)
    await makeOwn(home, uid)
    return { name, uid, home }
  }
}

export async function makeOwn(path: string, uid: number | null): Promise<void> {
  await mkdir(path, { mode: 0o700 })
  if (uid !== null) await chown(path, uid, uid)
}

export async function writeOwn(path: string, content: string, uid: number | null): Promise<void> {
  await writeFile(path, content)
  await chmod(path, 0o600)
  if (uid !== null) await chown(path, uid, uid)
}

/** Sessions' folders, mounts, cgroups and processes that belong to this folder. */
async function findLeftovers(folder: string, runtimeDir: string): Promise<string[]> {
  const sessionFolders = await readdir(join(runtimeDir, 'servers')).catch(() => [])
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(folder))
  const groups = await Promise.all(
    ['memory', 'cpu', 'pids', 'unified', ''].map(async (hierarchy) => {
      const names = await readdir(join('/sys/fs/cgroup', hierarchy, 'cygnet')).catch(() => [])
      return names.filter((name) => name.startsWith(`t${process.pid}-`))
    }),
  )
  return [...sessionFolders, ...mounts, ...groups.flat(), ...(await findProcesses(folder))]
}

/** Processes that were started with something in this folder, or work in it: the networks', the logs' and the sandboxes'. */
async function findProcesses(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command, mounts, groups] = await Promise.all(
        ['cmdline', 'mountinfo', 'cgroup'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      )
      const isOurs =
        command?.includes(folder) === true ||
        (mounts?.includes(` ${folder}`) === true && mounts.includes(' /home/')) ||
        groups?.includes(`/cygnet/t${process.pid}-`) === true
      return isOurs ? [`${pid} ${command?.replaceAll('\0', ' ')}`] : []
    }),
  )
  return found.flat()
}
