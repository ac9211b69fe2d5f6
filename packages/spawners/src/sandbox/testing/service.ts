/**
 * A service for tests, in a process of its own that can be killed: it starts what it is asked to, reports each step and the
 * result, a line of JSON each, and then lives on until it is told to end, when it stops what it started.
 */
import { pino } from 'pino'
import type { StartRequest } from '../../spawner.ts'
import { createSandboxSpawner } from '../spawner.ts'

const { runtimeDir, request } = JSON.parse(process.argv[2] ?? '') as { runtimeDir: string; request: StartRequest }
const tell = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`)
const spawner = createSandboxSpawner({ runtimeDir, log: pino({ level: 'silent' }), network: 'auto', limits: 'auto' })
const started = await spawner.start(request, new AbortController().signal, (step) => tell({ step }))
tell({ started })
setInterval(() => {}, 1000)
process.once(
  'SIGTERM',
  () => void spawner.stop(started.handle, new AbortController().signal).then(() => process.exit()),
)
