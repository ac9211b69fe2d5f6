/**
 * A service for tests, in a process of its own that can be killed: it tells which promises the machine does not let it keep,
 * starts what it is asked to, reports each step and the result, a line of JSON each, and then lives on until it is told to end,
 * when it stops what it started. Without a request it ends at once.
 */
import { pino } from 'pino'
import type { StartRequest } from '../../spawner.ts'
import { createSandboxSpawner, type SandboxOptions } from '../spawner.ts'

interface Task {
  runtimeDir: string
  request?: StartRequest
  options?: Partial<SandboxOptions>
}

const { runtimeDir, request, options } = JSON.parse(process.argv[2] ?? '') as Task
const tell = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`)
const log = pino({ level: 'silent' })
const spawner = createSandboxSpawner({ runtimeDir, log, network: 'auto', limits: 'auto', ...options })
const never = new AbortController().signal

tell({ gaps: await spawner.prepare?.() })
if (request !== undefined) {
  const started = await spawner.start(request, never, (step) => tell({ step }))
  tell({ started })
  setInterval(() => {}, 1000)
  process.once('SIGTERM', () => void spawner.stop(started.handle, never).then(() => process.exit()))
}
