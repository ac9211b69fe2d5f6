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
