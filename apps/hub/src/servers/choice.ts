import type { Release, ServerChoice } from '@cygnet/contract/v1/servers'
import { CygnetError } from '@cygnet/core/errors'
import type { ServerLimits } from './limits.ts'

const minCores = 0.1
const minMemoryGiB = 0.25
const maxOptionsBytes = 4096

/** What somebody asks for; what is left out comes from the last choice, or is the default. */
export interface Wish {
  release?: string | undefined
  cores?: number | undefined
  memoryGiB?: number | undefined
  [other: string]: unknown
}

/**
 * Makes a wish complete.
 * @throws CygnetError `bad-request` that names the value which cannot be had and what can; `unavailable` where there is no release
 */
export function toChoice(
  wish: Wish,
  last: ServerChoice | null,
  limits: ServerLimits,
  releases: Release[],
): ServerChoice {
  if (JSON.stringify(wish).length > maxOptionsBytes)
    throw new CygnetError('bad-request', `The options of a server have at most ${maxOptionsBytes} characters.`)
  const usual = toUsualChoice(last, limits, releases)
  const choice = {
    release: wish.release ?? usual.release,
    cores: wish.cores ?? usual.cores,
    memoryGiB: wish.memoryGiB ?? usual.memoryGiB,
  }
  if (!releases.some((release) => release.id === choice.release))
    throw new CygnetError('bad-request', `There is no software release ${JSON.stringify(choice.release)}.`, {
      mend: `Choose one of: ${releases.map((release) => release.id).join(', ')}.`,
    })
  checkRange('cores', choice.cores, minCores, limits.cores.max, '')
  checkRange('memory', choice.memoryGiB, minMemoryGiB, limits.memoryGiB.max, ' GiB')
  return choice
}

/** The last choice as far as it can still be had, else the defaults. */
export function toUsualChoice(last: ServerChoice | null, limits: ServerLimits, releases: Release[]): ServerChoice {
  const [first] = releases
  if (first === undefined)
    throw new CygnetError('unavailable', 'No software release is installed, so no server can start.', {
      mend: 'The administrator installs one by starting the service with network access.',
    })
  if (last === null) return { release: first.id, cores: limits.cores.default, memoryGiB: limits.memoryGiB.default }
  return {
    release: releases.some((release) => release.id === last.release) ? last.release : first.id,
    cores: last.cores <= limits.cores.max ? last.cores : limits.cores.default,
    memoryGiB: last.memoryGiB <= limits.memoryGiB.max ? last.memoryGiB : limits.memoryGiB.default,
  }
}

function checkRange(what: string, value: number, min: number, max: number, unit: string): void {
  if (value >= min && value <= max) return
  const amount = unit === '' ? `${value} ${what}` : `${value}${unit} of ${what}`
  throw new CygnetError('bad-request', `${amount} cannot be had here.`, {
    mend: `Choose between ${min} and ${max}${unit}.`,
  })
}
