import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientsPython } from '../support/clients.ts'

const config = fileURLToPath(new URL('jupyterhub_config.py', import.meta.url))

export interface JupyterHub {
  url: string
  stop(): Promise<void>
}

/**
 * Starts a stock JupyterHub without a proxy: what it answers is looked up at the hub itself. It knows `ada`, `bob` and the
 * administrator `root`, who all sign in with this password.
 */
export async function startJupyterHub(password: string): Promise<JupyterHub> {
  const folder = await mkdtemp(join(tmpdir(), 'jupyterhub-'))
  const url = `http://127.0.0.1:${await findFreePort()}`
  const child = spawn(clientsPython(), ['-m', 'jupyterhub', '-f', config], {
    cwd: folder,
    env: { ...process.env, HUB_URL: url, PASSWORD: password },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)))
  const closed = once(child, 'close')
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`JupyterHub ended:\n${log}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/hub/api/`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
