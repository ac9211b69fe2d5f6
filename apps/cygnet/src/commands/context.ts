import { InvalidArgumentError, type Command } from 'commander'
import type { Call } from '@cygnet/contract/client'

/** What a command works with: the service, running or not, as its administrator. */
interface Session {
  call: Call
  json: boolean
}

/** A command's work: with its arguments and options as commander parsed them. */
export type Work<Arguments extends string[], Options> = (
  session: Session,
  args: Arguments,
  options: Options,
) => Promise<void>

export interface CommandContext {
  /** Wraps a command's work: opens the service, runs it, reports errors, closes. */
  action: <Arguments extends string[] = [], Options = object>(
    work: Work<Arguments, Options>,
  ) => (this: Command, ...words: unknown[]) => Promise<void>
}

/** A positive number of days, from the command line. */
export function toDays(value: string): number {
  const days = Number(value)
  if (!Number.isFinite(days) || days <= 0) throw new InvalidArgumentError('It takes a positive number of days.')
  return days
}
