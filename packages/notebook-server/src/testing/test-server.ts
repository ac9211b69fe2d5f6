import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContentsModel } from '../contents/model.ts'
import type { Cell, Notebook } from '../notebook-format/notebook.ts'
import { createNotebookServer, type NotebookServer, type NotebookServerOptions } from '../server.ts'

export const secret = 'a-secret-of-these-tests'
export const basePath = '/user/ada/'

/** A notebook server on a unix socket, with a home of its own. */
export interface TestServer extends AsyncDisposable {
  readonly home: string
  readonly folder: string
  readonly socketPath: string
  readonly server: NotebookServer
  /** Asks below the base path, with the secret unless the headers say otherwise. The path is sent as it is. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** The model at a path, or what the server says against it. */
  get(path: string): Promise<ContentsModel>
  /** A connection, for what no client would send. */
  connect(): Socket
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
  text: string
  /** The body as JSON. */
  json(): Record<string, unknown>
  model(): ContentsModel
}

export async function startTestServer(options: Partial<NotebookServerOptions> = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'nbs-'))
  const home = options.root ?? join(folder, 'home')
  await mkdir(home, { recursive: true })
  const socketPath = join(folder, 'server.sock')
  const server = createNotebookServer({
    basePath,
    secretSha256: createHash('sha256').update(secret).digest('hex'),
    root: home,
    runtimeDir: join(folder, 'run'),
    jupyterFolder: join(folder, 'jupyter'),
    stateFolder: join(folder, 'state'),
    assets: join(import.meta.dirname, '..', '..', 'assets'),
    kernels: { folders: [], python: process.execPath },
    environment: { PATH: '/usr/bin:/bin' },
    logLevel: 'error',
    onFatal: (error) => {
      throw error
    },
    ...options,
  })
  await server.listen({ kind: 'socket', path: socketPath })

  function ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const all = { authorization: `token ${secret}`, ...headers }
      const asked = httpRequest(
        { socketPath, method, path: basePath + path, headers: all, agent: false },
        (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          response.once('error', reject)
          response.once('end', () =>
            resolve(toAnswer(response.statusCode ?? 0, response.headers, Buffer.concat(pieces))),
          )
        },
      )
      asked.once('error', reject)
      asked.end(toBody(body))
    })
  }

  return {
    home,
    folder,
    socketPath,
    server,
    ask,
    get: async (path) => (await ask('GET', `api/contents/${path}`)).model(),
    connect: () => connect(socketPath),
    async [Symbol.asyncDispose]() {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function toNotebook(...cells: Cell[]): Notebook {
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells }
}

export function toCodeCell(source: string, outputs: unknown[] = []): Cell {
  const id = createHash('sha256').update(source).digest('hex').slice(0, 8)
  return { cell_type: 'code', id, metadata: {}, execution_count: null, source, outputs }
}

function toBody(body: unknown): string | Buffer | undefined {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return body
  return JSON.stringify(body)
}

function toAnswer(status: number, headers: IncomingHttpHeaders, bytes: Buffer): Answer {
  const text = bytes.toString('utf8')
  const json = (): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>
  return { status, headers, bytes, text, json, model: () => JSON.parse(text) as ContentsModel }
}
