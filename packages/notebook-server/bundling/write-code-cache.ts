import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Script } from 'node:vm'
import { compiledSuffix, createChunkLoader } from '../src/boot/chunk-loader.ts'
import type * as program from '../src/program.ts'

/**
 * Run by a Node of its own: starts the bundle's server, uses it as a client would, and keeps what V8 compiled on the way beside
 * the chunks. So a start compiles nothing that was needed here.
 */
const [folder = ''] = process.argv.slice(2)
const dist = resolve(folder)
const home = await mkdtemp(join(tmpdir(), 'cygnet-warm-'))
const secret = 'warm-up'.repeat(4)
const socketPath = join(home, 's')

const scripts = new Map<string, Script>()
const load = createChunkLoader({ folder: dist, onScript: (name, script) => scripts.set(name, script) })
const { runProgram } = load('program.cjs') as typeof program
let end = (): void => undefined
let ended = (_code: number): void => undefined
const exited = new Promise<number>((settle) => {
  ended = settle
})

await runProgram({
  args: ['--root', home, '--base-url', '/user/warm/', '--log-level', 'error', '--python', process.execPath],
  env: {
    HOME: home,
    CYGNET_SOCKET: socketPath,
    CYGNET_SECRET_SHA256: createHash('sha256').update(secret).digest('hex'),
  },
  assets: join(dist, 'assets'),
  write: () => undefined,
  complain: (text) => process.stderr.write(text),
  exit: (code) => ended(code),
  onSignal: (listener) => {
    end = listener
  },
  onUncaught: () => undefined,
})

const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell('code'), cell('markdown')] }
await ask('GET', 'api/status')
await ask('GET', 'api')
for (let round = 0; round < 3; round++) {
  await ask('GET', 'api/me')
  await ask('PUT', 'api/contents/a.ipynb', { type: 'notebook', format: 'json', content: notebook })
  await ask('GET', 'api/contents/a.ipynb?content=1&hash=1')
  await ask('GET', 'api/contents?content=1')
  await ask('GET', 'api/contents/a.ipynb/checkpoints')
  await ask('PUT', 'api/contents/b.txt', { type: 'file', format: 'text', content: 'text' })
  await ask('GET', 'files/b.txt')
  for (const list of ['kernelspecs', 'kernels', 'sessions', 'terminals', 'nbconvert', 'config/lab', 'nothing']) {
    await ask('GET', `api/${list}`)
  }
  await ask('GET', 'static/favicons/favicon.ico')
}
for (const [name, script] of scripts) await writeFile(join(dist, name + compiledSuffix), script.createCachedData())
end()
const code = await exited
await rm(home, { recursive: true, force: true })
process.exit(code)

function ask(method: string, path: string, body?: unknown): Promise<void> {
  return new Promise((settle, fail) => {
    const headers = { authorization: `token ${secret}`, 'accept-encoding': 'br' }
    const asked = request({ socketPath, method, path: `/user/warm/${path}`, headers }, (response) => {
      response.resume().once('end', settle)
    })
    asked.once('error', fail)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function cell(type: string): Record<string, unknown> {
  const common = { cell_type: type, id: type, metadata: {}, source: ['1 + 1\n', '2'] }
  return type === 'code' ? { ...common, execution_count: null, outputs: [] } : common
}
