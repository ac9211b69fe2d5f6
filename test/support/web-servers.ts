import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const docs = join(import.meta.dirname, '..', '..', 'docs', 'operators.md')

/** A web server that runs before the service. */
export interface WebServer extends AsyncDisposable {
  url: string
}

/** What docs/operators.md has operators write, each for a service at `127.0.0.1:8000` below `/cygnet/`. */
export interface Examples {
  nginx: { passing: string; stripping: string }
  caddy: { passing: string; stripping: string }
}

export async function readExamples(): Promise<Examples> {
  const text = await readFile(docs, 'utf8')
  const blocks = (language: string): string[] =>
    [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
      .filter(([, name]) => name === language)
      .map(([, , code = '']) => code)
  const [root = '', ...nginx] = blocks('nginx')
  // The three dots stand for the lines of the example at the root.
  const rest = root.split('\n').filter((line) => /^ {4}(?!proxy_pass)/.test(line))
  const [passing = '', stripping = ''] = nginx.map((code) => code.replace('    …', rest.join('\n')))
  const [passingCaddy = '', strippingCaddy = ''] = blocks('caddyfile')
  return { nginx: { passing, stripping }, caddy: { passing: passingCaddy, stripping: strippingCaddy } }
}

/** Debian's nginx with a `location` in a server of its own. */
export async function startNginx(location: string, { port, service }: Ports): Promise<WebServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-nginx-'))
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const config = `
    daemon off;
    pid ${folder}/nginx.pid;
    events {}
    http {
      access_log off;
      ${folders.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
      map $http_upgrade $connection_upgrade { default upgrade; '' close; }
      server {
        listen 127.0.0.1:${port};
        ${location.replaceAll('127.0.0.1:8000', `127.0.0.1:${service}`)}
      }
    }`
  await writeFile(join(folder, 'nginx.conf'), config)
  return run('/usr/sbin/nginx', ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], folder, port)
}

/** Debian's Caddy with directives in a site of its own. */
export async function startCaddy(directives: string, { port, service }: Ports): Promise<WebServer> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-caddy-'))
  const config = `
    {
      admin off
      auto_https off
    }
    http://127.0.0.1:${port} {
      bind 127.0.0.1
      ${directives.replaceAll('127.0.0.1:8000', `127.0.0.1:${service}`)}
    }`
  await writeFile(join(folder, 'Caddyfile'), config)
  const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
  return run('/usr/bin/caddy', args, folder, port)
}

interface Ports {
  /** Where it listens. */
  port: number
  /** Where the service listens. */
  service: number
}

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function run(program: string, args: string[], folder: string, port: number): Promise<WebServer> {
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (words = (words + text).slice(-10_000)))
  const closed = once(child, 'close')
  while (!(await isAnswered(port)))
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${words}`)
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      end(child)
      await closed
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function end(child: ChildProcess): void {
  if (child.exitCode === null) child.kill('SIGTERM')
}

async function isAnswered(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.on('connect', () => resolve(true))
  socket.on('error', () => setTimeout(() => resolve(false), 20))
  return promise.finally(() => socket.destroy())
}
