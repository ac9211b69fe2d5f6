import type { Command } from 'commander'
import { createToken, listTokens, revokeToken } from '@cygnet/contract/hub/routes'
import { print, printNote, printResult, toTable } from '../output.ts'
import { toDays, type CommandContext } from './context.ts'

export function defineTokenCommands(program: Command, { action }: CommandContext): void {
  const token = program.command('token').description('tokens with which programs act for a user')

  token
    .command('create')
    .description('create a token and print it; it is shown this once')
    .argument('<user>')
    .option('--note <text>', 'what it is for')
    .option('--days <number>', 'how long it is valid; for ever unless said', toDays)
    .option('--scope <scope...>', 'what it may do, such as access:servers!user; all that the user may unless said')
    .action(
      action<[string], { note?: string; days?: number; scope?: string[] }>(async ({ call, json }, [name], options) => {
        const expires = options.days === undefined ? {} : { expires_in: Math.round(options.days * 86_400) }
        const note = options.note ?? 'Created on the command line'
        const body = { note, ...expires, ...(options.scope === undefined ? {} : { scopes: options.scope }) }
        const created = await call(createToken, { params: { name }, body })
        printResult(created, json, () => [created.token ?? ''])
      }),
    )

  token
    .command('list')
    .description('the tokens of a user, without their secrets')
    .argument('<user>')
    .action(
      action<[string]>(async ({ call, json }, [name]) => {
        const { api_tokens: tokens } = await call(listTokens, { params: { name } })
        const rows = tokens.map((one) => [
          one.id,
          one.created,
          one.expires_at ?? 'never',
          one.last_activity ?? 'never',
          one.note,
        ])
        printResult(tokens, json, () => toTable([['ID', 'CREATED', 'EXPIRES', 'LAST USED', 'NOTE'], ...rows]))
      }),
    )

  token
    .command('revoke')
    .description('revoke a token of a user')
    .argument('<user>')
    .argument('<id>', 'as token list shows it')
    .action(
      action<[string, string]>(async ({ call, json }, [name, id]) => {
        await call(revokeToken, { params: { name, id } })
        if (json) print(JSON.stringify({ id }))
        else printNote(`Revoked ${id}.`)
      }),
    )
}
