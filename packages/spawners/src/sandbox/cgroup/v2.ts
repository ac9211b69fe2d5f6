import { access, constants } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Cgroup, CgroupLimits, Entrances, Limiter } from './cgroup.ts'
import {
  killEach,
  makeGroup,
  readField,
  readPids,
  readValue,
  removeFolders,
  tryWriteValue,
  writeValue,
} from './files.ts'

const period = 100_000
const needed = ['memory', 'pids'] as const

/** A cgroup whose children can be limited. */
export interface V2Base {
  folder: string
  hasCpu: boolean
}

interface Surroundings {
  /** Where the hierarchy is mounted. */
  root: string
  /** The service's own cgroup, from the hierarchy's root: `/system.slice/cygnet.service`. */
  own: string
  isRoot: boolean
  /** Where the administrator wants the sessions, from the hierarchy's root; null looks for a place. */
  parent: string | null
}

/**
 * Finds or makes the cgroup below which sessions get theirs; null where there is none. Root uses one of its own at the top;
 * an ordinary user the nearest above the service that was delegated to them, as systemd does for its users and for units
 * with Delegate=yes.
 *
 * A cgroup with processes of its own can have no limited children. Where the service itself stands in the way, it steps
 * aside into a child named `service`, with whatever shares its cgroup.
 */
export async function findV2Base({ root, own, isRoot, parent }: Surroundings): Promise<V2Base | null> {
  const home = join(root, own)
  const candidates = parent !== null ? [join(root, parent)] : isRoot ? [root] : await writableAbove(root, home)
  if (parent !== null) await makeGroup(join(root, parent)).catch(() => {})
  for (const candidate of candidates) if (await delegate(candidate)) return found(candidate)
  const [nearest] = candidates
  if (nearest === undefined || !(await stepAside(nearest)) || !(await delegate(nearest))) return null
  return found(nearest)

  async function found(candidate: string): Promise<V2Base | null> {
    const folder = parent === null ? join(candidate, 'cygnet') : candidate
    await makeGroup(folder)
    if (!(await delegate(folder))) return null
    return { folder, hasCpu: (await words(`${folder}/cgroup.subtree_control`)).includes('cpu') }
  }
}

/** Limits by cgroup version 2. */
export function createV2Limiter(base: V2Base): Limiter {
  return {
    enforces: { memory: true, cpu: base.hasCpu, processes: true },
    place: (id) => ({ version: 2, folder: join(base.folder, id) }),
    async create(record, limits) {
      if (record.version !== 2) throw new Error('This cgroup is of version 1.')
      try {
        return await create(record.folder, limits, base.hasCpu)
      } catch (error) {
        await removeFolders(partsOf(record.folder))
        throw error
      }
    },
  }
}

export function openV2(folder: string): Cgroup {
  return {
    async memory() {
      const [usage, limit] = await Promise.all([
        readValue(`${folder}/memory.current`),
        readValue(`${folder}/memory.max`),
      ])
      if (usage === null || limit === null || limit === 'max') return null
      const idle = await readField(`${folder}/memory.stat`, 'inactive_file')
      return { used: Math.max(0, Number(usage) - idle), limit: Number(limit) }
    },
    outOfMemoryKills: () => readField(`${folder}/memory.events`, 'oom_kill'),
    async killAll() {
      await tryWriteValue(`${folder}/cgroup.kill`, 1)
      await killEach(partsOf(folder))
    },
    remove: () => removeFolders(partsOf(folder)),
  }
}

async function create(folder: string, limits: CgroupLimits, hasCpu: boolean): Promise<Entrances> {
  const [box, tools] = partsOf(folder) as [string, string, string]
  await makeGroup(folder)
  await writeValue(`${folder}/memory.max`, limits.memoryBytes)
  await tryWriteValue(`${folder}/memory.swap.max`, 0)
  if (hasCpu) await writeValue(`${folder}/cpu.max`, `${Math.max(1000, Math.round(limits.cores * period))} ${period}`)
  await writeValue(`${folder}/cgroup.subtree_control`, '+pids')
  await makeGroup(tools)
  await makeGroup(box)
  await writeValue(`${box}/pids.max`, limits.processes)
  return { tools: [`${tools}/cgroup.procs`], box: [`${box}/cgroup.procs`] }
}

/** Innermost first. */
function partsOf(folder: string): string[] {
  return [join(folder, 'box'), join(folder, 'tools'), folder]
}

/** Lets the children of a cgroup be limited; false where it may not. */
async function delegate(folder: string): Promise<boolean> {
  const available = await words(`${folder}/cgroup.controllers`)
  if (!needed.every((controller) => available.includes(controller))) return false
  const enabled = await words(`${folder}/cgroup.subtree_control`)
  const wanted = [...needed, 'cpu'].filter((name) => available.includes(name) && !enabled.includes(name))
  if (wanted.length === 0) return isWritable(folder)
  return tryWriteValue(`${folder}/cgroup.subtree_control`, wanted.map((name) => `+${name}`).join(' '))
}

async function stepAside(folder: string): Promise<boolean> {
  const aside = join(folder, 'service')
  try {
    await makeGroup(aside)
    for (const pid of await readPids(folder)) await tryWriteValue(`${aside}/cgroup.procs`, pid)
    return (await readPids(folder)).length === 0
  } catch {
    return false
  }
}

/** The service's cgroup and those above it, as far as they are its user's. */
async function writableAbove(root: string, own: string): Promise<string[]> {
  const found: string[] = []
  for (let folder = own; folder.startsWith(`${root}/`) && (await isWritable(folder)); folder = dirname(folder))
    found.push(folder)
  // Having stepped aside in an earlier run, or put aside by DelegateSubgroup=, the service's place is one further up.
  return basename(own) === 'service' && found.length > 1 ? found.slice(1) : found
}

async function isWritable(folder: string): Promise<boolean> {
  const files = [folder, `${folder}/cgroup.procs`, `${folder}/cgroup.subtree_control`]
  return Promise.all(files.map((file) => access(file, constants.W_OK))).then(
    () => true,
    () => false,
  )
}

async function words(path: string): Promise<string[]> {
  return ((await readValue(path)) ?? '').split(' ')
}
