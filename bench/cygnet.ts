import { execFileSync } from 'node:child_process'
import { removeData, cygnetCommand, startService } from '../test/support/service.ts'
import type { Contender } from './contender.ts'
import { descendants, withArguments } from './process-tree.ts'

/** This project, with its sandbox and limits on. */
export function createCygnet(): Contender {
  return {
    name: 'Cygnet',
    start: async () => {
      const began = performance.now()
      const service = await startService({ config: { log: 'error' } })
      const ready = performance.now() - began
      const run = (...args: string[]): string =>
        execFileSync(process.execPath, [cygnetCommand, ...args, '--data', service.data], {
          input: 'correct horse\n',
          encoding: 'utf8',
        })
      run('user', 'add', 'ada')
      const token = run('token', 'create', 'ada').trim()
      return {
        url: service.url,
        user: 'ada',
        token,
        ready,
        servicePids: async () => [
          service.pid,
          ...(await descendants(service.pid, (command) => !/bwrap|pasta|server\.mjs/.test(command))),
        ],
        networkPids: () => withArguments('pasta', '-T', new URL(service.url).port),
        stop: async () => {
          await service.stop()
          await removeData(service)
        },
      }
    },
  }
}
