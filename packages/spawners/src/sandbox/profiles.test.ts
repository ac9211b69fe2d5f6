import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { shellServer } from '../testing/shell-server.ts'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'

let bed: SandboxBed
const program = fileURLToPath(new URL('testing/service.ts', import.meta.url))

beforeEach(async () => {
  bed = await createSandboxBed()
})

afterEach(async () => {
  await bed.close()
})

const profiles = ['.bashrc', '.bash_profile', '.bash_login', '.profile', '.shrc', '.inputrc']

/** A home in which everything that a program might run of its user's own leaves a mark. */
async function createHome(marks: string): Promise<string> {
  const home = join(bed.folder, 'root')
  const modules = join(home, 'modules')
  await mkdir(modules, { recursive: true })
  for (const name of profiles) await writeFile(join(home, name), `echo ${name} >> ${marks}\necho noise >&2\n`)
  const python = `with open('${marks}', 'a') as file: file.write('python\\n')\n`
  for (const name of ['sitecustomize.py', 'usercustomize.py', 'json.py', 'startup.py'])
    await writeFile(join(modules, name), python)
  return home
}

test.runIf(isRoot)('nothing of what the service’s user has set up for themselves runs', async () => {
  const marks = join(bed.folder, 'marks')
  await writeFile(marks, '')
  const home = await createHome(marks)
  // Programs find the home of their user here where the environment does not say.
  const passwd = join(bed.folder, 'passwd')
  await writeFile(
    passwd,
    (await readFile('/etc/passwd', 'utf8')).replace(/^(root:.*):[^:]*:([^:]*)$/m, `$1:${home}:$2`),
  )
  const owner = await bed.createUser()
  const mount = {
    source: { root: owner.home, path: '' },
    target: 'Shared with me/x',
    readOnly: true,
    ownerUid: owner.uid,
  }
  const request = await bed.request(shellServer, { mounts: [mount] })
  const task = JSON.stringify({ runtimeDir: bed.runtimeDir, request, options: { network: 'private' } })
  const script = `mount --bind '${passwd}' /etc/passwd && exec "$@"`
  const environment = {
    HOME: home,
    PATH: process.env['PATH'],
    BASH_ENV: join(home, '.bashrc'),
    ENV: join(home, '.shrc'),
    PYTHONPATH: join(home, 'modules'),
    PYTHONSTARTUP: join(home, 'modules', 'startup.py'),
  }
  const service = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', process.execPath, program, task], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(service, 'exit')
  try {
    let [gaps, isStarted] = ['', false]
    for await (const line of createInterface({ input: service.stdout })) {
      if (line.includes('"gaps"')) gaps = line
      isStarted = line.includes('"started"')
      if (isStarted) break
    }
    expect({ gaps, isStarted }).toEqual({ gaps: '{"gaps":[]}', isStarted: true })
  } finally {
    service.kill('SIGTERM')
    await ended
  }
  expect(await readFile(marks, 'utf8')).toBe('')
  expect(await readdir(join(bed.runtimeDir, 'servers'))).toEqual([])
})
