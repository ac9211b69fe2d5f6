import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { cygnet } from '../support/command.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'

const password = 'a good password'
let service: RunningService

beforeAll(async () => {
  service = await startService()
  for (const name of ['ada', 'bob']) await cygnet(service.data, ['user', 'add', name], `${password}\n`)
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
})

/** A file system that answers nothing, as one on the network whose server is gone; until the process ends. */
const hangingDisk = `
import ctypes, os, sys, time
device = os.open('/dev/fuse', os.O_RDWR)
options = f'fd={device},rootmode=40700,user_id=0,group_id=0,allow_other'.encode()
if ctypes.CDLL(None, use_errno=True).mount(b'hangs', sys.argv[1].encode(), b'fuse', 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
print('mounted', flush=True)
time.sleep(3600)
`

/** @returns what makes the disk answer again */
async function hang(folder: string): Promise<() => Promise<void>> {
  const disk = spawn('python3', ['-I', '-c', hangingDisk, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(disk, 'exit')
  let isOver = false
  const release = async (): Promise<void> => {
    if (isOver) return
    isOver = true
    disk.kill('SIGKILL')
    await ended
    await promisify(execFile)('umount', ['-l', folder])
  }
  onTestFinished(release)
  await Promise.race([once(disk.stdout, 'data'), ended.then(() => Promise.reject(new Error('No disk.')))])
  return release
}

async function signIn(name: string): Promise<(path: string, signal?: AbortSignal) => Promise<Response>> {
  const answer = await fetch(`${service.url}/hub/api/users/${name}/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { username: name, password } }),
  })
  const { token } = (await answer.json()) as { token: string }
  return (path, signal) =>
    fetch(service.url + path, { headers: { authorization: `token ${token}` }, ...(signal && { signal }) })
}

const home = '/api/v1/trees/home/entry?path='

/** Asks and leaves before there is an answer, as a browser's page that is reloaded. */
async function askImpatiently(ask: (path: string, signal?: AbortSignal) => Promise<Response>): Promise<void> {
  const left = new AbortController()
  const asked = Array.from({ length: 20 }, () => ask(home, left.signal).catch(() => undefined))
  // The service has all of them once it has answered one that came after them.
  await ask('/hub/api/')
  left.abort()
  await Promise.all(asked)
}

test.runIf(process.getuid?.() === 0)(
  'a home whose disk hangs stops nobody else, whoever asks for it',
  async () => {
    const [ada, bob] = [await signIn('ada'), await signIn('bob')]
    expect((await ada(home)).status).toBe(200)
    const release = await hang(join(service.data, 'homes', 'ada'))
    for (let round = 0; round < 10; round++) {
      await askImpatiently(ada)
      expect((await bob(home)).status).toBe(200)
    }
    expect((await bob('/')).status).toBe(200)
    // With a password, which takes a thread too.
    await signIn('bob')

    const refused = await ada(home)
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({
      code: 'unavailable',
      message: 'The disk with ada’s home has not answered for 20 seconds.',
      mend: expect.stringContaining('administrator') as string,
    })
    expect((await bob(home)).status).toBe(200)

    await release()
    await expect.poll(async () => (await ada(home)).status, { timeout: 30_000 }).toBe(200)
  },
  120_000,
)
