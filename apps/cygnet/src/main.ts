import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseConfig, readConfigFile, type Config } from '@cygnet/core/config'
import { toCygnetError } from '@cygnet/core/errors'
import { ServiceError } from '@cygnet/contract/client'
import { defineConfigCommand } from './commands/config.ts'
import type { CommandContext, Work } from './commands/context.ts'
import { defineServerCommands } from './commands/server.ts'
import { defineShareCommands } from './commands/share.ts'
import { prepare } from './commands/prepare.ts'
import { defineTokenCommands } from './commands/token.ts'
import { defineUserCommands } from './commands/user.ts'
import { printNote } from './output.ts'

interface Flags {
  data?: string
  config?: string
  host?: string
  port?: number
  json?: boolean
}

const program = new Command('cygnet')
  .description('Data analysis as a service.')
  .option('--data <folder>', 'where the service keeps everything (default: ./data)')
  .option('--config <file>', 'a configuration file in YAML; see: cygnet config')
  .option('--json', 'print results as JSON')
  .showHelpAfterError('(see --help)')
  .configureHelp({ showGlobalOptions: true })
const context: CommandContext = { action }

for (const [name, description, run] of [
  ['start', 'run the service until Ctrl-C', runStart],
  ['prepare', 'install the programs and software releases that the service needs', runPrepare],
] as const) {
  program
    .command(name)
    .description(description)
    .addOption(new Option('--host <address>', 'the address to listen on (default: 127.0.0.1)'))
    .addOption(
      new Option('--port <number>', 'the port to listen on, 0 for a free one (default: 8000)').argParser(toPort),
    )
    .action(async (_options: object, command: Command) => {
      const flags = command.optsWithGlobals<Flags>()
      await report(async () => run(await readConfig(flags), flags.json ?? false))
    })
}
defineUserCommands(program, context)
defineTokenCommands(program, context)
defineServerCommands(program, context)
defineShareCommands(program, context)
defineConfigCommand(program)

// A reader that has seen enough, such as `head`, is no error.
process.stdout.on('error', () => process.exit())

await program.parseAsync()

function action<Arguments extends string[] = [], Options = object>(
  work: Work<Arguments, Options>,
): (this: Command, ...words: unknown[]) => Promise<void> {
  return async (...words) => {
    const command = words.at(-1) as Command
    const flags = command.optsWithGlobals<Flags>()
    await report(async () => {
      const { openLocalClient } = await import('./local-client.ts')
      const client = await openLocalClient(await readConfig(flags))
      try {
        const session = { call: client.call, json: flags.json ?? false }
        await work(session, command.processedArgs as Arguments, command.opts<object>() as Options)
      } finally {
        await client.close()
      }
    })
  }
}

async function runStart(config: Config, json: boolean): Promise<void> {
  const { start } = await import('./commands/start.ts')
  await start(config, json)
}

async function runPrepare(config: Config): Promise<void> {
  await prepare(config, new AbortController().signal)
}

/** The file's configuration, with the flags over it; the data folder as an absolute path. */
async function readConfig({ data, config: file, host, port }: Flags): Promise<Config> {
  const written = file === undefined ? {} : await readConfigFile(file)
  const flags = { ...(data && { data }), ...(host && { host }), ...(port !== undefined && { port }) }
  const config = parseConfig({ ...written, ...flags })
  return { ...config, data: resolve(config.data) }
}

function toPort(value: string): number {
  const port = Number(value)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

async function report(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    const error = thrown instanceof ServiceError ? thrown : toCygnetError(thrown)
    printNote(error.message + pathOf(error))
    if (error.mend !== undefined) printNote(error.mend)
    if (error.code === 'internal') printNote(String(thrown instanceof Error ? thrown.stack : thrown))
    process.exitCode = 1
  }
}

/** Whoever starts the service may know which file it was; who uses it through the web may not. */
function pathOf(error: { cause?: unknown }): string {
  const { cause } = error
  const path = cause instanceof Error && 'path' in cause && 'code' in cause ? cause.path : undefined
  return typeof path === 'string' && cause instanceof Error ? `\nThe system says: ${cause.message}` : ''
}
