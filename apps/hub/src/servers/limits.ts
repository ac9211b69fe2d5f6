import { availableParallelism, totalmem } from 'node:os'
import type { Config } from '@cygnet/core/config'

/** What users may choose, and how many may start at once. */
export interface ServerLimits {
  cores: { default: number; max: number }
  memoryGiB: { default: number; max: number }
  /** Processes and threads of one server at most. */
  processes: number
  startMilliseconds: number
  concurrentStarts: number
}

export interface Machine {
  cores: number
  memoryBytes: number
}

const gibibyte = 2 ** 30

/** What the configuration permits, as far as the machine has it. */
export function createLimits(config: Config['servers'], machine: Machine = readMachine()): ServerLimits {
  const halfOfMemory = Math.max(0.5, Math.floor(machine.memoryBytes / gibibyte) / 2)
  const maxCores = Math.min(config.cores.max ?? machine.cores, machine.cores)
  const maxMemory = Math.min(config.memoryGiB.max ?? halfOfMemory, machine.memoryBytes / gibibyte)
  return {
    cores: { default: Math.min(config.cores.default, maxCores), max: maxCores },
    memoryGiB: { default: Math.min(config.memoryGiB.default, maxMemory), max: maxMemory },
    processes: config.processes,
    startMilliseconds: config.startSeconds * 1000,
    concurrentStarts: Math.max(4, 2 * machine.cores),
  }
}

/** What the configuration asks for and the machine, or the configuration itself, does not permit, in the operator's words. */
export function describeClamping(config: Config['servers'], machine: Machine = readMachine()): string[] {
  const limits = createLimits(config, machine)
  const has = { cores: machine.cores, memoryGiB: toTenths(machine.memoryBytes / gibibyte) }
  return (['cores', 'memoryGiB'] as const).flatMap((key) => {
    const { default: usual, max } = config[key]
    const { default: given, max: most } = limits[key]
    const notes: string[] = []
    if (max !== undefined && max > most)
      notes.push(`servers.${key}.max is ${max}, and this machine has ${has[key]}: users may pick ${toTenths(most)}.`)
    if (usual > given) {
      const bound =
        max === most ? `servers.${key}.max is ${max}` : `the most that users may pick here is ${toTenths(most)}`
      notes.push(
        `servers.${key}.default is ${usual}, and ${bound}: servers get ${toTenths(given)} unless their user picks less.`,
      )
    }
    return notes
  })
}

function toTenths(value: number): number {
  return Math.floor(value * 10) / 10
}

/** The choices of a form: doubling from 1 to the maximum, with the default and the maximum among them. */
export function toOffers(range: { default: number; max: number }): number[] {
  const offers = new Set([range.default, range.max])
  for (let offer = 1; offer <= range.max; offer *= 2) offers.add(offer)
  return [...offers].toSorted((a, b) => a - b)
}

/** Where the service itself runs in a container, the container's memory counts. */
function readMachine(): Machine {
  const constrained = process.constrainedMemory()
  const memoryBytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return { cores: availableParallelism(), memoryBytes }
}
