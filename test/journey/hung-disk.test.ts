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

async function hang(folder: string): Promise<void> {
  const disk = spawn('python3', ['-I', '-c', hangingDisk, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    disk.kill('SIGKILL')
    await once(disk, 'exit')
    await promisify(execFile)('umount', ['-l', folder])
  })
  await Promise.race([once(disk.stdout, 'data'), once(disk, 'exit').then(() => Promise.reject(new Error('No disk.')))])
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

test.runIf(process.getuid?.() === 0)('a home whose disk hangs stops nobody else', async () => {
  const [ada, bob] = [await signIn('ada'), await signIn('bob')]
  expect((await ada(home)).status).toBe(200)
  await hang(join(service.data, 'homes', 'ada'))
  const gone = new AbortController()
  let answered = 0
  const asked = Array.from({ length: 20 }, () =>
    ada(home, gone.signal).then(
      () => (answered += 1),
      () => undefined,
    ),
  )
  for (let count = 0; count < 5; count++) expect((await bob(home)).status).toBe(200)
  expect((await bob('/')).status).toBe(200)
  expect(answered).toBe(0)
  gone.abort()
  await Promise.all(asked)
})
