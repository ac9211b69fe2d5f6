import { CygnetError } from '@cygnet/core/errors'
import type { Channel } from './kernel-message.ts'

const channels: readonly Channel[] = ['shell', 'control', 'stdin', 'iopub']

/** @throws CygnetError `bad-request` naming what is no channel */
export function toChannel(name: string | undefined): Channel {
  const channel = channels.find((known) => known === name)
  if (channel === undefined) throw new CygnetError('bad-request', `There is no channel ${String(name).slice(0, 40)}.`)
  return channel
}
