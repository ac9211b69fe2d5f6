import { Option, type Command } from 'commander'
import { setPassword } from '@cygnet/contract/v1/account'
import { createUser, deleteUser, listUsers } from '@cygnet/contract/hub/routes'
import { print, printNote, printResult, readPassword, toTable } from '../output.ts'
import type { CommandContext } from './context.ts'

export function defineUserCommands(program: Command, { action }: CommandContext): void {
  const user = program.command('user').description('the people who may sign in')

  user
    .command('add')
    .description('add a user; the password comes from a prompt, or from standard input where that is no terminal')
    .argument('<name>', 'lower-case letters, digits and . _ @ - in between')
    .option('--admin', 'make them an administrator', false)
    .addOption(new Option('--no-password', 'add them without a password'))
    .action(
      action<[string], { admin: boolean; password: boolean }>(async ({ call, json }, [name], options) => {
        const password = options.password ? await readPassword(name) : undefined
        const body = { admin: options.admin, ...(password === undefined ? {} : { password }) }
        const added = await call(createUser, { params: { name }, body })
        printResult(added, json, () => [`Added ${added.name}${added.admin === true ? ', an administrator' : ''}.`])
      }),
    )

  user
    .command('list')
    .description('all users')
    .action(
      action(async ({ call, json }) => {
        const answer = await call(listUsers, { query: {} })
        const users = Array.isArray(answer) ? answer : answer.items
        const rows = users.map((one) => [
          one.name,
          one.admin === true ? 'administrator' : '',
          one.pending ?? (one.server == null ? '' : 'running'),
        ])
        printResult(users, json, () => toTable([['NAME', 'ROLE', 'SERVER'], ...rows]))
      }),
    )

  user
    .command('passwd')
    .description('set a user’s password, which ends their sessions; from a prompt or standard input')
    .argument('<name>')
    .action(
      action<[string]>(async ({ call, json }, [name]) => {
        const password = await readPassword(name)
        await call(setPassword, { params: { name }, body: { password } })
        if (json) print(JSON.stringify({ name }))
        else printNote(`The password of ${name} is set.`)
      }),
    )

  user
    .command('remove')
    .description('remove a user, their tokens and shares; their files are set aside, not deleted')
    .argument('<name>')
    .action(
      action<[string]>(async ({ call, json }, [name]) => {
        await call(deleteUser, { params: { name } })
        if (json) print(JSON.stringify({ name }))
        else printNote(`Removed ${name}.`)
      }),
    )
}
