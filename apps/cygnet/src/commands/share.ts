import type { Command } from 'commander'
import { createUserShare, listUserShares, revokeUserShare, type Share } from '@cygnet/contract/v1/shares'
import { CygnetError } from '@cygnet/core/errors'
import { print, printNote, printResult, readPassword, toTable } from '../output.ts'
import { toDays, type CommandContext } from './context.ts'

interface CreateOptions {
  link?: boolean
  with?: string
  write: boolean
  password: boolean
  days?: number
}

export function defineShareCommands(program: Command, { action }: CommandContext): void {
  const share = program.command('share').description('what users share')

  share
    .command('create')
    .description('share a file or folder of a user; prints the link’s address, or the share’s id')
    .argument('<user>')
    .argument('<path>', 'below the user’s home')
    .option('--link', 'by a link that anyone can open')
    .option('--with <name>', 'with a user')
    .option('--write', 'they may write too (with --with)', false)
    .option('--password', 'protect the link with a password, from a prompt or standard input', false)
    .option('--days <number>', 'how long the link is valid; until revoked unless said', toDays)
    .action(
      action<[string, string], CreateOptions>(async ({ call, json }, [name, path], options) => {
        const body = { path, to: await toRecipient(path, options) }
        const created = await call(createUserShare, { params: { name }, body })
        printResult(created, json, () => [created.to.type === 'link' ? created.to.url : created.id])
      }),
    )

  share
    .command('list')
    .description('what a user shares')
    .argument('<user>')
    .action(
      action<[string]>(async ({ call, json }, [name]) => {
        const shares = await call(listUserShares, { params: { name } })
        const rows = shares.map((one) => [one.id, one.path, toText(one), toEnd(one)])
        printResult(shares, json, () => toTable([['ID', 'PATH', 'TO', 'ENDS'], ...rows]))
      }),
    )

  share
    .command('revoke')
    .description('end a share')
    .argument('<user>')
    .argument('<id>', 'as share list shows it')
    .action(
      action<[string, string]>(async ({ call, json }, [name, id]) => {
        await call(revokeUserShare, { params: { name, id } })
        if (json) print(JSON.stringify({ id }))
        else printNote(`Ended the share ${id}.`)
      }),
    )
}

type Recipient =
  | { type: 'link'; password?: string; expires?: string }
  | { type: 'user'; name: string; access: 'read' | 'write' }

async function toRecipient(path: string, options: CreateOptions): Promise<Recipient> {
  if ((options.link === true) === (options.with !== undefined))
    throw new CygnetError('bad-request', 'Say either --link or --with NAME.', {
      mend: 'See: cygnet share create --help',
    })
  if (options.with !== undefined) return { type: 'user', name: options.with, access: options.write ? 'write' : 'read' }
  const password = options.password ? { password: await readPassword(path) } : {}
  const expires =
    options.days === undefined ? {} : { expires: new Date(Date.now() + options.days * 86_400_000).toISOString() }
  return { type: 'link', ...password, ...expires }
}

function toText({ to }: Share): string {
  return to.type === 'link' ? `${to.url}${to.hasPassword ? ' (password)' : ''}` : `${to.name} (${to.access})`
}

function toEnd({ ended, expires }: Share): string {
  return ended === null ? (expires ?? 'never') : `ended ${ended.at} (${ended.why})`
}
