import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { softwareFolder } from '../support/service.ts'

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
let checkout: string
let services: ChildProcess[] = []

/** A copy of this checkout with its dependencies and its lab, in which the portal and the notebook server are not built yet. */
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'cygnet-checkout-'))
  const left = new Set(['.git', '.cache', 'data', 'artifacts', 'node_modules', 'dist'])
  await cp(top, checkout, { recursive: true, preserveTimestamps: true, filter: (path) => !left.has(basename(path)) })
  const lab = join('apps', 'lab', 'dist')
  await cp(join(top, lab), join(checkout, lab), { recursive: true })
  for (const path of ['node_modules', 'apps/lab/node_modules']) await symlink(join(top, path), join(checkout, path))
  await writeFile(join(checkout, 'config.yaml'), JSON.stringify({ port: 0, software: { folder: softwareFolder() } }))
})

afterEach(async () => {
  for (const service of services) if (service.exitCode === null && service.kill('SIGTERM')) await once(service, 'exit')
  services = []
  await rm(checkout, { recursive: true, force: true })
})

interface Start {
  process: ChildProcess
  /** What it said so far. */
  words: () => string
}

/** What `npm start` runs. */
function start(name: string): Start {
  const data = join(checkout, 'data', name)
  const args = [join(checkout, 'scripts', 'start.mjs'), '--data', data, '--config', join(checkout, 'config.yaml')]
  const service = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  services.push(service)
  let words = ''
  for (const stream of [service.stdout, service.stderr])
    stream.on('data', (chunk: Buffer) => (words += chunk.toString()))
  return { process: service, words: () => words }
}

const minutes = 60_000

test(
  'of several starts at once, one builds, the others wait for it, and all come up',
  { timeout: 3 * minutes },
  async () => {
    const starts = ['one', 'two', 'three'].map(start)
    for (const { words } of starts) await expect.poll(words, { timeout: 2 * minutes }).toContain('Cygnet is ready at')
    const all = starts.map(({ words }) => words())
    expect(all.filter((words) => words.includes('Building the portal: done'))).toHaveLength(1)
    expect(all.filter((words) => words.includes('Building the notebook server: done'))).toHaveLength(1)
    const waited = all.filter((words) => words.includes('Waiting for'))
    expect(waited).toHaveLength(2)
    for (const words of waited) expect(words).toMatch(/Waiting for npm \w+ \(process \d+\)/)
  },
)

test('one that is killed amid its work keeps nobody waiting', { timeout: 3 * minutes }, async () => {
  const killed = start('killed')
  await expect.poll(killed.words, { timeout: minutes }).toContain('Building the portal ...')
  killed.process.kill('SIGKILL')
  await once(killed.process, 'exit')
  const next = start('next')
  await expect.poll(next.words, { timeout: 2 * minutes }).toContain('Cygnet is ready at')
  expect(next.words()).toContain('Building the portal: done')
})
