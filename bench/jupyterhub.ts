import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, type Contender, type RunningContender } from './contender.ts'
import { installPeer } from './peer.ts'
import { descendants } from './process-tree.ts'

const token = 'a-token-for-the-measurement-alone'

/** JupyterHub with its simple local process spawner and configurable-http-proxy: no sandbox, no limits. */
export async function createJupyterHub(): Promise<Contender> {
  const { python, bin, version } = await installPeer()
  return {
    name: `JupyterHub ${version}`,
    start: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'jupyterhub-'))
      const [port, api, hub] = await freePorts(3)
      const config = join(folder, 'jupyterhub_config.py')
      await writeFile(config, toConfig(port ?? 0, api ?? 0, hub ?? 0))
      const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, CONFIGPROXY_AUTH_TOKEN: 'proxy' }
      const began = performance.now()
      const child = spawn(python, ['-m', 'jupyterhub', '-f', config], {
        cwd: folder,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let log = ''
      child.stderr.on('data', (text: Buffer) => {
        log = (log + text.toString()).slice(-20_000)
      })
      const closed = Promise.withResolvers<void>()
      child.on('close', () => closed.resolve())
      const url = `http://127.0.0.1:${port}`
      await untilAnswers(
        `${url}/hub/api/`,
        () => child.exitCode !== null,
        () => log,
      )
      const ready = performance.now() - began
      const contender: RunningContender = {
        url,
        user: 'ada',
        token,
        ready,
        servicePids: async () => [
          child.pid ?? 0,
          ...(await descendants(child.pid ?? 0, (command) => !command.includes('singleuser'))),
        ],
        networkPids: async () => [],
        stop: async () => {
          child.kill('SIGTERM')
          await closed.promise
          await rm(folder, { recursive: true, force: true })
        },
      }
      await ask(contender, 'POST', '/hub/api/users/ada', undefined, [409])
      return contender
    },
  }
}

function toConfig(port: number, api: number, hub: number): string {
  return `
c.JupyterHub.bind_url = "http://127.0.0.1:${port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${api}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:${hub}"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.log_level = "WARN"
c.Spawner.args = ["--allow-root"]
c.JupyterHub.services = [{"name": "bench", "api_token": "${token}"}]
c.JupyterHub.load_roles = [{"name": "bench", "services": ["bench"],
  "scopes": ["admin:users", "admin:servers", "access:servers", "tokens"]}]
`
}

async function untilAnswers(url: string, hasEnded: () => boolean, log: () => string): Promise<void> {
  for (;;) {
    const answered = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (answered) return
    if (hasEnded()) throw new Error(`JupyterHub ended:\n${log()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      const { promise, resolve } = Promise.withResolvers<void>()
      server.listen(0, '127.0.0.1', resolve)
      await promise
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  for (const server of servers) server.close()
  return ports
}
