import { readFile, readdir } from 'node:fs/promises'

interface Process {
  pid: number
  parent: number
  command: string
}

/** All processes below one, as far down as `follow` says yes to their command lines. */
export async function descendants(pid: number, follow: (command: string) => boolean = () => true): Promise<number[]> {
  const all = await listProcesses()
  const found: number[] = []
  const visit = (parent: number): void => {
    for (const child of all.filter((one) => one.parent === parent && follow(one.command))) {
      found.push(child.pid)
      visit(child.pid)
    }
  }
  visit(pid)
  return found
}

/** All processes whose working environment has this variable with this value: a user's server, whoever its parent is. */
export async function withEnvironment(name: string, value: string): Promise<number[]> {
  const all = await listProcesses()
  const matches = await Promise.all(
    all.map(async ({ pid }) => {
      const text = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      return text.split('\0').includes(`${name}=${value}`)
    }),
  )
  return all.filter((_, index) => matches[index] === true).map(({ pid }) => pid)
}

/** All processes of a program that has these arguments, one after another. */
export async function withArguments(program: string, ...words: string[]): Promise<number[]> {
  const all = await listProcesses()
  return all
    .filter(({ command }) => command.includes(`${program} `) && command.includes(` ${words.join(' ')} `))
    .map(({ pid }) => pid)
}

/** Proportional set size in MiB of processes together: shared pages are counted once. */
export async function proportionalMiB(pids: number[]): Promise<number> {
  const sizes = await Promise.all(
    [...new Set(pids)].map(async (pid) => {
      const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
      return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0)
    }),
  )
  return sizes.reduce((sum, size) => sum + size, 0) / 1024
}

async function listProcesses(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const processes = await Promise.all(pids.map(readProcess))
  return processes.filter((one) => one !== undefined)
}

async function readProcess(pid: number): Promise<Process | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    return { pid, parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), command }
  } catch {
    return undefined
  }
}
