import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { isSystemError } from '@cygnet/core/errors'
import { killPid, waitBriefly } from '../process.ts'

/** The kernel's files take no O_CREAT. */
export async function writeValue(path: string, value: string | number): Promise<void> {
  await writeFile(path, String(value), { flag: 'r+' })
}

/** Makes a cgroup below one that is there. (A recursive mkdir never ends where the kernel makes no folders.) */
export async function makeGroup(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  }
}

/** True where the file was there and took the value. */
export async function tryWriteValue(path: string, value: string | number): Promise<boolean> {
  return writeValue(path, value).then(
    () => true,
    () => false,
  )
}

/** The text, or null where the file or its cgroup is not there. */
export async function readValue(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENODEV')) return null
    throw error
  }
}

/** One number of a file of `name number` lines; 0 where it is not there. */
export async function readField(path: string, name: string): Promise<number> {
  const line = (await readValue(path))?.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

export async function readPids(folder: string): Promise<number[]> {
  const text = await readValue(`${folder}/cgroup.procs`)
  // A process of another pid namespace shows as 0, which must never reach kill().
  return (text ?? '')
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 1)
}

/** Kills until nothing is left; whoever forks meanwhile is met in the next round. */
export async function killEach(folders: string[]): Promise<void> {
  await waitBriefly(async () => {
    const pids = (await Promise.all(folders.map(readPids))).flat()
    for (const pid of pids) killPid(pid, 'SIGKILL')
    return pids.length === 0
  }, 5000)
}

/** Removes cgroups, innermost first. The kernel takes a moment to let go of what has just ended. */
export async function removeFolders(folders: string[]): Promise<void> {
  for (const folder of folders) await waitBriefly(() => removeFolder(folder), 2000)
}

async function removeFolder(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return true
    if (isSystemError(error, 'EBUSY')) return false
    throw error
  }
}
