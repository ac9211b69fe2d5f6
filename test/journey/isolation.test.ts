import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cygnetCommand, softwareFolder } from '../support/service.ts'

let folder: string
let service: ChildProcessByStdio<null, Readable, Readable> | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cygnet-isolation-'))
})

afterEach(async () => {
  if (service?.exitCode === null && service.kill('SIGTERM')) await once(service, 'exit')
  await rm(folder, { recursive: true, force: true })
})

/** The service as an operator starts it, on a machine whose pasta fails. */
async function start(sandbox: object): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const pasta = join(folder, 'pasta')
  await writeFile(pasta, '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "No such tap" >&2\nexit 1\n')
  await chmod(pasta, 0o755)
  const config = join(folder, 'config.yaml')
  await writeFile(config, JSON.stringify({ port: 0, software: { folder: softwareFolder() }, sandbox }))
  const script = `mount --bind '${pasta}' "$(command -v pasta)" && exec "$@"`
  const command = [process.execPath, cygnetCommand, 'start', '--data', join(folder, 'data'), '--config', config]
  service = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  return service
}

test('at the end of the start the operator reads, once, what does not keep servers apart', async () => {
  const { stdout, stderr } = await start({ network: 'auto' })
  let [said, notes] = ['', '']
  stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()))
  await expect.poll(() => notes, { timeout: 50_000 }).toMatch(/To mend it: .*\n/)
  expect(said).toContain('Cygnet is ready at')
  const plain = notes.replaceAll(/\s+/g, ' ')
  for (const words of [
    'share this machine’s network',
    'No such tap',
    'its loopback',
    'each other’s ports',
    'metadata service',
  ])
    expect(plain.split(words), words).toHaveLength(2)
})

test('where a network of its own is required, the service does not start without it', async () => {
  const started = await start({ network: 'private' })
  const [said, notes, [code]] = await Promise.all([text(started.stdout), text(started.stderr), once(started, 'close')])
  expect({ code, said }).toEqual({ code: 1, said: '' })
  expect(notes).toContain('No such tap')
})
