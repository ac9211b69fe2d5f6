import type { Release, ServerChoice } from '@cygnet/contract/v1/servers'

/** A choice in one line: `Release 2026.11 · 2 cores · 4 GiB`. */
export function describeChoice(choice: ServerChoice, form: { releases: Release[] } | undefined): string {
  const release = form?.releases.find(({ id }) => id === choice.release)
  return [
    release?.title ?? choice.release,
    choice.cores === 1 ? '1 core' : `${choice.cores} cores`,
    `${choice.memoryGiB} GiB`,
  ].join(' · ')
}
