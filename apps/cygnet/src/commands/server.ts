import type { Command } from 'commander'
import { stopServer } from '@cygnet/contract/hub/routes'
import { listServers } from '@cygnet/contract/v1/servers'
import { print, printNote, printResult, toTable } from '../output.ts'
import type { CommandContext } from './context.ts'

export function defineServerCommands(program: Command, { action }: CommandContext): void {
  const server = program.command('server').description('the running servers of users')

  server
    .command('list')
    .description('all servers that are not stopped')
    .action(
      action(async ({ call, json }) => {
        const servers = await call(listServers, {})
        const rows = servers.map((one) => [
          one.user,
          one.phase,
          one.since ?? '',
          one.choice === null ? '' : `${one.choice.release}, ${toCores(one.choice.cores)}, ${one.choice.memoryGiB} GiB`,
          one.memory === null ? '' : `${Math.round(one.memory.used / 2 ** 20)} MiB`,
        ])
        printResult(servers, json, () => toTable([['USER', 'PHASE', 'SINCE', 'CHOICE', 'MEMORY'], ...rows]))
      }),
    )

  server
    .command('stop')
    .description('stop a user’s server')
    .argument('<user>')
    .action(
      action<[string]>(async ({ call, json }, [name]) => {
        const wasThere = (await call(listServers, {})).some(({ user }) => user === name)
        await call(stopServer, { params: { name } })
        if (json) print(JSON.stringify({ user: name }))
        else printNote(wasThere ? `Stopped the server of ${name}.` : `${name} has no running server.`)
      }),
    )
}

function toCores(count: number): string {
  return count === 1 ? '1 core' : `${count} cores`
}
