import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createCygnet } from './cygnet.ts'
import { createJupyterHub } from './jupyterhub.ts'
import { measure, median, type Measured } from './measure.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)
const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

interface Row {
  what: string
  key: keyof Measured
  unit: string
  /** Whether more is better. */
  more?: boolean
  goal?: string
}

const rows: Row[] = [
  { what: 'Start of the service to ready', key: 'ready', unit: 'ms' },
  { what: 'Request of a server to its first answer', key: 'server', unit: 'ms', goal: '10' },
  { what: 'Request of a server to the first cell executed', key: 'firstCell', unit: 'ms' },
  { what: 'Memory of the service', key: 'serviceMemory', unit: 'MiB', goal: '2' },
  { what: 'Memory of one idle server with one idle kernel', key: 'serverMemory', unit: 'MiB', goal: '2' },
  { what: 'The same, with the process of its private network', key: 'networkMemory', unit: 'MiB' },
  { what: 'Requests through the proxy, 1 connection', key: 'requests1', unit: '1/s', more: true, goal: '3' },
  { what: 'Requests through the proxy, 10 connections', key: 'requests10', unit: '1/s', more: true, goal: '3' },
  { what: 'Requests through the proxy, 50 connections', key: 'requests50', unit: '1/s', more: true, goal: '3' },
  { what: 'Round trip of executing `pass`', key: 'roundTrip', unit: 'ms' },
]

requireWrk()
const cygnet = createCygnet()
const jupyterhub = await createJupyterHub()
const ours: Measured[] = []
const theirs: Measured[] = []
for (let round = 1; round <= rounds; round += 1) {
  for (const [contender, results] of [
    [cygnet, ours],
    [jupyterhub, theirs],
  ] as const) {
    process.stderr.write(`Round ${round} of ${rounds}: ${contender.name} ...\n`)
    results.push(await measure(contender))
  }
}
const table = toTable()
process.stdout.write(`${table}\n`)
await writeFile(page, toPage(table, await readFile(page, 'utf8').catch(() => '')))

function toTable(): string {
  const lines = rows.map(({ what, key, unit, more, goal }) => {
    const mine = median(ours.map((one) => one[key]))
    const peer = median(theirs.map((one) => one[key]))
    const ratio = more === true ? mine / peer : peer / mine
    return `| ${what} | ${toText(mine)} ${unit} | ${toText(peer)} ${unit} | ${ratio.toFixed(1)} | ${goal ?? ''} |`
  })
  return [`| | ${cygnet.name} | ${jupyterhub.name} | times better | goal |`, '|---|---|---|---|---|', ...lines].join(
    '\n',
  )
}

function toText(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(2)
}

function toPage(content: string, old: string): string {
  const [, rest = ''] = old.split('<!-- end of the table -->')
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`
  const date = new Date().toISOString().slice(0, 10)
  return `# Benchmarks

\`npm run bench\`, last run on ${date}: ${machine}. Both systems in the same run, by turns, medians of ${rounds} rounds; the ratio counts,
for the machine may be shared. Cygnet runs its servers in sandboxes with limits; JupyterHub's \`simple\` spawner starts plain processes.
Memory is the proportional set size a minute and a half after the last request; JupyterHub's servers have no private network.

${content}

<!-- end of the table -->${rest}`
}

function release(): string {
  return execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()
}

/** The load generator; installed where this is root on Debian. */
function requireWrk(): void {
  try {
    execFileSync('wrk', ['-v'], { stdio: 'ignore' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return
    if (process.getuid?.() !== 0)
      throw new Error('The measurement needs wrk: sudo apt-get install wrk', { cause: error })
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'wrk'], { stdio: 'ignore' })
  }
}
