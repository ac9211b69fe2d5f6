import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cgroup, CgroupLimits, CgroupRecord, Entrances, Limiter } from './cgroup.ts'
import { killEach, makeGroup, readField, readValue, removeFolders, tryWriteValue, writeValue } from './files.ts'
import type { CgroupMount } from './hierarchies.ts'

type Folders = Extract<CgroupRecord, { version: 1 }>['folders']

const period = 100_000

/** The folder for sessions in each controller's hierarchy, made where it can be; null where it cannot. */
export async function findV1Folders(mounts: CgroupMount[], parent: string): Promise<Folders> {
  const [memory, cpu, pids] = await Promise.all(['memory', 'cpu', 'pids'].map(find))
  return { memory: memory ?? null, cpu: cpu ?? null, pids: pids ?? null }

  async function find(controller: string): Promise<string | null> {
    const mount = mounts.find(({ type, controllers }) => type === 'cgroup' && controllers.includes(controller))
    if (mount === undefined) return null
    const folder = join(mount.path, parent)
    try {
      await makeGroup(folder)
      await access(folder, constants.W_OK)
      return folder
    } catch {
      return null
    }
  }
}

/** Limits by cgroup version 1, in the hierarchies where `base` has a folder. */
export function createV1Limiter(base: Folders): Limiter {
  return {
    enforces: { memory: base.memory !== null, cpu: base.cpu !== null, processes: base.pids !== null },
    place: (id) => ({
      version: 1,
      folders: { memory: below(base.memory, id), cpu: below(base.cpu, id), pids: below(base.pids, id) },
    }),
    async create(record, limits) {
      if (record.version !== 1) throw new Error('This cgroup is of version 2.')
      try {
        return await create(record.folders, limits)
      } catch (error) {
        await removeFolders(namesOf(record.folders))
        throw error
      }
    },
  }
}

export function openV1(folders: Folders): Cgroup {
  const { memory } = folders
  return {
    async memory() {
      if (memory === null) return null
      const [usage, limit] = await Promise.all([
        readValue(`${memory}/memory.usage_in_bytes`),
        readValue(`${memory}/memory.limit_in_bytes`),
      ])
      if (usage === null || limit === null) return null
      const idle = await readField(`${memory}/memory.stat`, 'total_inactive_file')
      return { used: Math.max(0, Number(usage) - idle), limit: Number(limit) }
    },
    outOfMemoryKills: async () => (memory === null ? 0 : readField(`${memory}/memory.oom_control`, 'oom_kill')),
    killAll: () => killEach(namesOf(folders)),
    remove: () => removeFolders(namesOf(folders)),
  }
}

async function create({ memory, cpu, pids }: Folders, limits: CgroupLimits): Promise<Entrances> {
  if (memory !== null) {
    await makeGroup(memory)
    await writeValue(`${memory}/memory.limit_in_bytes`, limits.memoryBytes)
    // Without swap accounting in the kernel, at least nothing of the session is swapped out for its own limit's sake.
    const isCapped = await tryWriteValue(`${memory}/memory.memsw.limit_in_bytes`, limits.memoryBytes)
    if (!isCapped) await tryWriteValue(`${memory}/memory.swappiness`, 0)
  }
  if (cpu !== null) {
    await makeGroup(cpu)
    await writeValue(`${cpu}/cpu.cfs_period_us`, period)
    await writeValue(`${cpu}/cpu.cfs_quota_us`, Math.max(1000, Math.round(limits.cores * period)))
  }
  if (pids !== null) {
    await makeGroup(pids)
    await writeValue(`${pids}/pids.max`, limits.processes)
  }
  return { tools: [...procsOf(memory), ...procsOf(cpu)], box: procsOf(pids) }
}

function procsOf(folder: string | null): string[] {
  return folder === null ? [] : [`${folder}/cgroup.procs`]
}

function below(folder: string | null, id: string): string | null {
  return folder === null ? null : join(folder, id)
}

function namesOf({ memory, cpu, pids }: Folders): string[] {
  return [memory, cpu, pids].filter((folder) => folder !== null)
}
