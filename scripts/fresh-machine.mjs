import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { enterMachine } from './lib/fresh-machine/enter.mjs'
import { copyCheckout, makeMachine, removeMachine } from './lib/fresh-machine/make.mjs'
import { fail, say, step } from './lib/progress.mjs'

const usage = `Runs a command in a copy of this checkout, on a machine that has nothing but Debian's base, Node, Python and git.

    node scripts/fresh-machine.mjs [--suite SUITE] [--folder DIR] [--keep] -- COMMAND [ARGUMENT...]

    --suite    of Debian, such as bookworm or trixie; this machine's own unless it is given
    --folder   where the machine's files are made, on a disk with 10 GB free; /var/tmp unless it is given
    --keep     leaves them there
`

try {
  const { values, positionals } = parseArgs({
    options: {
      suite: { type: 'string' },
      folder: { type: 'string', default: '/var/tmp' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  })
  if (values.help || positionals.length === 0) process.stdout.write(usage)
  else process.exitCode = await runThere(positionals, values)
} catch (error) {
  fail(error)
}

async function runThere(command, { suite, folder, keep }) {
  if (process.getuid() !== 0) throw new Error('Only root can make a machine: it has devices and mounts of its own.')
  const stopped = new AbortController()
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => stopped.abort(signal))
  const machine = await mkdtemp(join(folder, 'cygnet-machine-'))
  try {
    await step('Making the machine', () => makeMachine(machine, suite, stopped.signal))
    await step('Copying the checkout into it', () => copyCheckout(machine))
    say(`Running there: ${command.join(' ')}`)
    return await enterMachine(machine, command, stopped.signal)
  } finally {
    // Its mounts were in a namespace of its own and are gone with its processes: what is left are plain files.
    if (keep) say(`The machine's files are kept in ${machine}`)
    else await removeMachine(machine)
  }
}
