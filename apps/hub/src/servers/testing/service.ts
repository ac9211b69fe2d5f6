/** A service's servers in a process of their own, to be killed: `node service.ts FOLDER MODE`. Says how its start of a server ends. */
import { createSilentLogger } from '@cygnet/core/log'
import { openSandboxes } from './sandboxes.ts'
import { ada } from './test-servers.ts'

const [, , folder = '', mode = 'ready'] = process.argv
const { servers } = await openSandboxes(folder, mode, createSilentLogger())
await servers.restore()
await servers.start(ada, {})
for await (const event of servers.watch(ada, new AbortController().signal))
  if (event.kind !== 'step') process.stdout.write(`${event.kind}\n`)
