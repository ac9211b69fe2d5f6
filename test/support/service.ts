import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const cygnetCommand = join(top, 'apps', 'cygnet', 'bin', 'cygnet.mjs')
/** Releases are installed once for all services that tests start; what `npm start` has installed is as good. */
const software = [join(top, '.cache', 'data', 'software'), join(top, 'data', 'software')]

/** Where the releases are, or are to be installed. */
export function softwareFolder(): string {
  return software.find(existsSync) ?? software[0] ?? ''
}

export interface RunningService {
  url: string
  /** The first administrator's sign-in link. */
  firstLink: string | null
  data: string
  pid: number
  /** Ends it orderly and resolves with its exit code. */
  stop(): Promise<number | null>
  /** Ends it by SIGKILL, leaving its servers running. */
  kill(): Promise<void>
  /** What it wrote to standard error so far. */
  log(): string
}

export interface ServiceOptions {
  /** Where an earlier service kept its data; a new folder unless said, removed by {@link removeData}. */
  data?: string
  config?: object
  /** Told what it says of the installation of software. */
  onInstall?: (line: string) => void
}

/** Starts a service of its own on a free port and resolves once it is ready. @throws Error with its last words where it ends before */
export async function startService(options: ServiceOptions = {}): Promise<RunningService> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'cygnet-data-')))
  const config = join(data, 'config.yaml')
  await mkdir(data, { recursive: true })
  await writeFile(config, JSON.stringify({ port: 0, software: { folder: softwareFolder() }, ...options.config }))
  const args = ['start', '--json', '--data', data, '--config', config]
  const child = spawn(process.execPath, [cygnetCommand, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-100_000)
    for (const line of text.split('\n')) if (line.startsWith('software:')) options.onInstall?.(line)
  })
  const ended = onceClosed(child)
  const ready = await Promise.race([firstLine(child), ended.then((code) => ({ code }))])
  if (typeof ready !== 'string') throw new Error(`The service ended with ${String(ready.code)}:\n${log}`)
  const { url, firstLink } = JSON.parse(ready) as { url: string; firstLink: string | null }
  return {
    url,
    firstLink,
    data,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      return ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    log: () => log,
  }
}

/** Removes the data of a service that has ended. */
export async function removeData(service: RunningService): Promise<void> {
  await rm(service.data, { recursive: true, force: true })
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The service has no standard output.')
  const { promise, resolve } = Promise.withResolvers<string>()
  createInterface(child.stdout).once('line', resolve)
  return promise
}

async function onceClosed(child: ChildProcess): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.on('error', reject)
  child.on('close', resolve)
  return promise
}
