import { once } from 'node:events'
import { chown, lstat, mkdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'

let bed: SandboxBed
let treasure: Server
let visits = 0
const never = new AbortController().signal

beforeEach(async () => {
  bed = await createSandboxBed()
  visits = 0
  // A socket that only the service may reach, such as that of a container engine.
  await mkdir(join(bed.folder, 'engine'))
  treasure = createServer((_, response) => response.end('treasure')).listen(join(bed.folder, 'engine', 'engine.sock'))
  treasure.on('connection', () => visits++)
  await once(treasure, 'listening')
})

afterEach(async () => {
  treasure.close()
  await bed.close()
})

async function failToStart(source: string): Promise<unknown> {
  const request = await bed.request(
    `const engine = ${JSON.stringify(join(bed.folder, 'engine', 'engine.sock'))}\n${source}`,
  )
  const error: unknown = await bed.spawner
    .start(request, AbortSignal.timeout(10_000), () => {})
    .catch((thrown: unknown) => thrown)
  expect(await bed.leftovers()).toEqual([])
  expect(visits).toBe(0)
  return error
}

test.each([
  ['a link to a socket of the host', `fs.symlinkSync(engine, path)`],
  ['a link to the socket by a way around', `fs.symlinkSync('../../../../engine/engine.sock', path)`],
  ['a link to nothing', `fs.symlinkSync('nowhere', path)`],
  ['a file', `fs.writeFileSync(path, '')`],
  ['a folder', `fs.mkdirSync(path)`],
  ['a named pipe', `execFileSync('mkfifo', [path])`],
])('instead of a socket there is %s', async (_, script) => {
  const error = await failToStart(`
    import fs from 'node:fs'
    import { execFileSync } from 'node:child_process'
    const path = process.env.CYGNET_SOCKET
    ${script}
    setInterval(() => {}, 1000)`)
  expect(error).toMatchObject({ code: 'unavailable', mend: expect.stringContaining('CYGNET_SOCKET') as string })
})

test('a link that turns into a socket and back does not lead the service astray', async () => {
  for (let round = 0; round < 4; round++) {
    const request = await bed.request(`
      import fs from 'node:fs'
      import net from 'node:net'
      const path = process.env.CYGNET_SOCKET
      net.createServer().listen(path + '.own', () => {
        fs.symlinkSync(${JSON.stringify(join(bed.folder, 'engine', 'engine.sock'))}, path + '.link')
        for (;;) for (const name of ['.own', '.link']) {
          fs.linkSync(path + name, path + '.next')
          fs.renameSync(path + '.next', path)
        }
      })`)
    const started = await bed.spawner.start(request, AbortSignal.timeout(10_000), () => {}).catch(() => null)
    // Either it was caught with the link, or with its own socket, which is then its address for good.
    if (started?.address.kind === 'socket') expect((await lstat(started.address.path)).isSocket()).toBe(true)
    expect(visits).toBe(0)
    if (started !== null) await bed.spawner.stop(started.handle, never)
    expect(await bed.leftovers()).toEqual([])
  }
})

test('a running server’s address is its own for good, whatever it puts in the place', async () => {
  const shell = await bed.startShell()
  await shell.print(`rm -f /run/cygnet/server.sock; ln -s ${bed.folder}/engine/engine.sock /run/cygnet/server.sock`)
  expect(await shell.print('echo mine')).toBe('mine\n')
  await shell.print('rm -rf /run/cygnet/* /run/cygnet/.[a-z]*')
  expect(await shell.print('echo mine')).toBe('mine\n')
  expect((await lstat(shell.address.path)).isSocket()).toBe(true)
  expect(visits).toBe(0)
  // What is left there is no hindrance.
  await shell.print('cd /run/cygnet; mkdir -p a/b/c; touch a/b/c/d; chmod -R 0 a; mkfifo p; ln -s / root')
  await bed.spawner.stop(shell.handle, never)
  expect(await bed.leftovers()).toEqual([])
  expect(await readFile(join(bed.folder, 'secret.sqlite'), 'utf8')).toBe('the service’s own')
})

test('a server that listens a while after it made its socket is waited for', async () => {
  const request = await bed.request(`
    import { spawn } from 'node:child_process'
    spawn('python3', ['-c', \`
import os, socket, time
one = socket.socket(socket.AF_UNIX)
one.bind(os.environ['CYGNET_SOCKET'])
time.sleep(0.3)
one.listen()
time.sleep(1000)
\`], { stdio: 'inherit' })`)
  await expect(bed.spawner.start(request, never, () => {})).resolves.toMatchObject({ address: { kind: 'socket' } })
})

test('a runtime folder with too long a path is refused with the reason', async () => {
  bed.spawner = bed.create({ runtimeDir: join(bed.folder, 'x'.repeat(100)) })
  await expect(bed.startShell()).rejects.toMatchObject({ message: expect.stringContaining('107') as string })
})

test('an id that is in use is refused, and its server goes on', async () => {
  const shell = await bed.startShell()
  await expect(bed.startShell({ id: shell.request.id })).rejects.toMatchObject({ code: 'conflict' })
  expect(await shell.print('echo alive')).toBe('alive\n')
})

test.runIf(isRoot)('a home that is not the user’s is refused', async () => {
  const user = await bed.createUser()
  await chown(user.home, 1, 1)
  await expect(bed.startShell({ user, home: user.home })).rejects.toMatchObject({
    code: 'conflict',
    mend: expect.any(String) as string,
  })
  const other = await bed.createUser()
  for (const uid of [0, null, 999, 65_534, -1, 1.5])
    await expect(bed.startShell({ user: { ...other, uid }, home: other.home }), String(uid)).rejects.toMatchObject({
      code: 'bad-request',
    })
})
