import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const main = join(import.meta.dirname, 'main.ts')
const token = '0123456789abcdef'
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nbs-'))
  await mkdir(join(folder, 'home'))
  await mkdir(join(folder, 'run'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  const all = {
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    PATH: process.env['PATH'] ?? '',
    ...env,
  }
  return spawn(process.execPath, [main, ...args], { env: all, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function run(
  args: string[],
  env?: Record<string, string>,
): Promise<{ code: number; output: string; errors: string }> {
  const child = start(args, env)
  let [output, errors] = ['', '']
  child.stdout?.on('data', (piece: Buffer) => (output += piece.toString()))
  child.stderr?.on('data', (piece: Buffer) => (errors += piece.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, output, errors }
}

/** The first line that says where it listens. */
async function address(child: ChildProcess): Promise<string> {
  for await (const piece of child.stdout ?? []) {
    const found = /listens on (\S+)/.exec(String(piece))?.[1]
    if (found !== undefined) return found
  }
  throw new Error('It ended before it listened.')
}

test('explains itself', async () => {
  const { code, output } = await run(['--help'])
  expect(code).toBe(0)
  for (const option of [
    '--socket',
    '--port',
    '--base-url',
    '--root',
    '--lab',
    'CYGNET_SECRET_SHA256',
    'JUPYTER_PATH',
  ]) {
    expect(output).toContain(option)
  }
})

test.each([
  [[], {}, 'No secret is given'],
  [['--token', 'short'], {}, 'too short'],
  [['--port', 'many', '--token', token], {}, '--port must be a number'],
  [['--colour', 'red'], {}, '--help'],
  [['--root', '/no/such/folder', '--token', token], {}, 'The folder to serve does not exist: /no/such/folder'],
  [['--log-level', 'loud', '--token', token], {}, '--log-level must be'],
  [[], { CYGNET_SECRET_SHA256: 'x' }, 'no SHA-256'],
  [['--socket', `/tmp/${'x'.repeat(120)}`, '--token', token], {}, 'too long'],
  [['--socket', '/no/such/folder/socket', '--token', token], {}, 'Cannot listen'],
] as Array<[string[], Record<string, string>, string]>)(
  'ends with a clear message: %j %j',
  async (args, env, message) => {
    const { code, errors } = await run(args, env)
    expect(code).toBe(1)
    expect(errors).toContain(`notebook-server: `)
    expect(errors).toContain(message)
    expect(errors).not.toContain('    at ')
  },
)

test('says that its port is taken', async () => {
  const other = createServer()
  await once(other.listen(0, '127.0.0.1'), 'listening')
  const { port } = other.address() as AddressInfo
  const { code, errors } = await run(['--port', String(port), '--token', token])
  expect({ code, errors }).toEqual({
    code: 1,
    errors: `notebook-server: Another program listens on 127.0.0.1:${port}. Choose another port.\n`,
  })
  other.close()
})

test('serves on a port until SIGTERM and leaves nothing behind', async () => {
  const child = start(['--port', '0', '--token', token, '--base-url', 'user/ada', '--root', folder])
  const url = await address(child)
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/user\/ada\/$/)
  const headers = { authorization: `Bearer ${token}` }
  expect(((await (await fetch(`${url}api/contents/home`, { headers })).json()) as { path: string }).path).toBe('home')
  expect((await fetch(`${url}api/contents`)).status).toBe(403)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(await readdir(join(folder, 'run'))).toEqual([])
})

test('ends when a client asks for it, where no hub decides', async () => {
  const child = start(['--port', '0', '--token', token])
  const url = await address(child)
  const exited = once(child, 'exit')
  expect(
    (await fetch(`${url}api/shutdown`, { method: 'POST', headers: { authorization: `token ${token}` } })).status,
  ).toBe(200)
  expect(await exited).toEqual([0, null])
})

test('replaces the socket of a server that was killed', async () => {
  const path = join(folder, 's')
  const first = start(['--socket', path, '--token', token])
  await address(first)
  first.kill('SIGKILL')
  await once(first, 'exit')
  expect((await stat(path)).isSocket()).toBe(true)

  const second = start(['--token', token], { CYGNET_SOCKET: path })
  expect(await address(second)).toBe(path)
  const { errors } = await run(['--socket', path, '--token', token])
  expect(errors).toContain('Another server listens')
  second.kill('SIGTERM')
  expect(await once(second, 'exit')).toEqual([0, null])
  await expect(stat(path)).rejects.toThrow('ENOENT')
})

test('does not take a file for a socket', async () => {
  const path = join(folder, 'a-file')
  await writeFile(path, 'precious')
  expect((await run(['--socket', path, '--token', token])).errors).toContain('exists and is no socket')
  expect((await stat(path)).size).toBe(8)
})

test('lives on though nobody reads what it says', async () => {
  const path = join(folder, 'unheard')
  const child = start(['--socket', path, '--token', token, '--lab', '/no/such/folder', '--log-level', 'debug'])
  await address(child)
  child.stdout?.destroy()
  child.stderr?.destroy()
  const ask = (target: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `token ${token}` }
      request({ socketPath: path, path: target, headers }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode))
      })
        .once('error', reject)
        .end()
    })
  // A link to itself is an internal error, which is logged.
  await symlink('.jupyter', join(folder, 'home', '.jupyter'))
  for (let time = 0; time < 3; time++) expect(await ask('/api/config/lab')).toBe(500)
  expect(await ask('/api/contents')).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
