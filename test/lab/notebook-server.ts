import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

const project = path.resolve(import.meta.dirname, '../..')

/** A notebook server of its own, with the built Lab and a home of its own. */
export interface TestServer extends AsyncDisposable {
  /** With its base path and a slash at the end. */
  url: string
  token: string
  home: string
}

export interface TestServerOptions {
  /** Beside the environment of a server that runs alone. */
  environment?: Record<string, string>
}

/** Starts the notebook server below `/user/ann/`, with kernels of the software release that CYGNET_TEST_RELEASE names. */
export async function startNotebookServer({ environment = {} }: TestServerOptions = {}): Promise<TestServer> {
  const lab = path.join(project, 'apps/lab/dist')
  if (!existsSync(path.join(lab, 'manifest.json'))) throw new Error('The Lab is not built: run npm run build first.')
  const release = findRelease()
  const folder = await mkdtemp(path.join(tmpdir(), 'cyg-lab-'))
  const home = path.join(folder, 'home')
  await mkdir(home)
  const token = crypto.randomUUID()
  const options = {
    port: '0',
    'base-url': '/user/ann/',
    token,
    root: home,
    lab,
    'runtime-dir': path.join(folder, 'run'),
    'log-level': 'warn',
    python: path.join(release, 'bin/python'),
    'python-path': path.join(project, 'python'),
    'jupyter-path': path.join(release, 'share/jupyter'),
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const program = spawn(process.execPath, [path.join(project, 'packages/notebook-server/dist/server.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { HOME: home, PATH: `${path.join(release, 'bin')}:/usr/bin:/bin`, LANG: 'C.UTF-8', ...environment },
  })
  const ended = once(program, 'exit')
  const url = await Promise.race([readUrl(program.stdout), ended.then(() => undefined)])
  if (url === undefined) throw new Error('The notebook server ended before it listened; it said why above.')
  return {
    url,
    token,
    home,
    async [Symbol.asyncDispose]() {
      program.kill()
      await ended
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function readUrl(output: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface({ input: output })) {
    const url = / listens on (http:\S+)/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  return undefined
}

function findRelease(): string {
  const folder = process.env['CYGNET_TEST_RELEASE']
  if (folder !== undefined && existsSync(path.join(folder, 'bin/python'))) return folder
  throw new Error(`CYGNET_TEST_RELEASE must name a software release, a folder with bin/python; it is ${folder}.`)
}
