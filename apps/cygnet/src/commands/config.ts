import type { Command } from 'commander'
import { describeConfig } from '@cygnet/core/config-help'
import { printResult, toTable } from '../output.ts'

export function defineConfigCommand(program: Command): void {
  program
    .command('config')
    .description('every key of the configuration file, with its default')
    .action((_options: object, command: Command) => {
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>()
      printResult(describeConfig(), json, (keys) =>
        toTable([
          ['KEY', 'TYPE', 'DEFAULT', ''],
          ...keys.map((one) => [one.key, one.type, one.default ?? '', one.help]),
        ]),
      )
    })
}
