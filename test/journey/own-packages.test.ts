import { execFile as execFileCallback } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { execute } from '../support/kernel-client.ts'
import { removeData, softwareFolder, startService, type RunningService } from '../support/service.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'

const execFile = promisify(execFileCallback)

// What is installed here comes from the public index.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 200_000 })

let service: RunningService
let ada: Visitor
let folder: string

beforeAll(async () => {
  // uv trusts nobody but its own list of authorities and those of the configuration; sessions trust the system's, too.
  const [certificates] = rootCertificates
  folder = await mkdtemp(join(tmpdir(), 'cygnet-authority-'))
  await writeFile(join(folder, 'authority.pem'), (await readOwnAuthorities()) ?? certificates ?? '')
  service = await startService({
    config: { software: { folder: softwareFolder(), certificates: join(folder, 'authority.pem') } },
  })
  ada = createVisitor(service.url)
  await ada.send('GET', (service.firstLink ?? '').slice(service.url.length))
  await startServer()
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
  await rm(folder, { recursive: true })
})

test('what is installed in a cell is there in the next one, in the same kernel', async () => {
  const kernel = await createKernel()
  expect(await run(kernel, '%pip install --quiet iniconfig')).not.toMatch(/error/i)
  expect(await run(kernel, 'import iniconfig; print(iniconfig.__name__)')).toBe('iniconfig\n')
  expect(await run(kernel, '!pip install --quiet pluggy')).not.toMatch(/error/i)
  expect(await run(kernel, 'import pluggy; print(pluggy.__name__)')).toBe('pluggy\n')
  expect(await run(await createKernel(), 'import iniconfig, pluggy; print(iniconfig.__file__)')).toMatch(
    /^\/software\//,
  )
})

test('a package of the release is replaced, and comes back when the replacement goes', async () => {
  const kernel = await createKernel()
  const version = 'import importlib.metadata; print(importlib.metadata.version("requests"))'
  const own = await run(kernel, version)
  expect(await run(kernel, '!pip install --quiet requests==2.32.3')).not.toMatch(/error/i)
  expect(await run(await createKernel(), `${version}; import requests; print(requests.__version__)`)).toBe(
    '2.32.3\n2.32.3\n',
  )
  expect(await run(kernel, '!pip check && pip list | grep requests')).toMatch(/No broken.*\r?\nrequests +2\.32\.3/)
  expect(await run(kernel, '!pip uninstall -y requests')).toContain('There again')
  expect(await run(kernel, `${version}; import requests; print(requests.__version__)`)).toBe(own + own)
  expect(await run(kernel, '!pip check && pip list | grep requests')).toContain(own.trim())
})

test('uv installs, replaces and uninstalls as pip does', async () => {
  const kernel = await createKernel()
  const version = 'import importlib.metadata; print(importlib.metadata.version("idna"))'
  const own = await run(kernel, version)
  expect(await run(kernel, '!pip install --quiet uv && uv --quiet pip install idna==3.6')).not.toMatch(/error/i)
  expect(await run(kernel, version)).toBe('3.6\n')
  expect(await run(kernel, '!uv --quiet pip uninstall idna')).not.toMatch(/error/i)
  expect(await run(await createKernel(), version)).toBe(own)
})

test.each([
  ['venv', 'python -m venv env-venv && env-venv/bin/pip install --quiet ipykernel iniconfig'],
  [
    'uv',
    'pip install --quiet uv && uv --quiet venv env-uv && uv --quiet pip install --python env-uv ipykernel iniconfig',
  ],
])('an environment made by %s has its own packages and its own kernel', async (tool, script) => {
  const kernel = await createKernel()
  const install = `cd ~ && ${script} && env-${tool}/bin/python -m ipykernel install --user --name mine-${tool}`
  expect(await run(kernel, `!${install}`)).toContain('Installed kernelspec')
  const specs = await ada.json<{ kernelspecs: object }>('GET', '/user/admin/api/kernelspecs')
  expect(Object.keys(specs.kernelspecs)).toContain(`mine-${tool}`)
  const mine = await createKernel(`mine-${tool}`)
  const home = `/home/admin/env-${tool}`
  expect(await run(mine, 'import sys, iniconfig; print(sys.prefix, iniconfig.__file__)')).toMatch(
    new RegExp(`^${home} ${home}/`),
  )
  expect(await run(mine, 'try:\n  import pandas\nexcept ImportError: print("not here")')).toBe('not here\n')
  // The release's programs are not on the PATH of an environment: its pip would be the wrong one.
  const uv = (await run(kernel, '!which uv || true')).trim()
  const install2 = tool === 'uv' ? `!${uv} --quiet pip install pluggy` : '!pip install --quiet pluggy'
  expect(await run(mine, install2)).not.toMatch(/error|not found/i)
  expect(await run(mine, 'import pluggy; print(pluggy.__file__)')).toMatch(new RegExp(`^${home}/`))
})

test('virtualenv makes one as well', async () => {
  const kernel = await createKernel()
  const script =
    'pip install --quiet virtualenv && cd ~ && virtualenv --quiet env-own && env-own/bin/pip install --quiet iniconfig'
  const look = 'env-own/bin/python -c "import iniconfig; print(iniconfig.__file__)"'
  expect(await run(kernel, `!${script} && ${look}`)).toContain('/home/admin/env-own/lib/')
})

/** Those that this machine's pip trusts beyond the public ones, where its index wants that. */
async function readOwnAuthorities(): Promise<string | undefined> {
  const pip = join(process.env['CYGNET_TEST_RELEASE'] ?? '', 'bin', 'pip')
  return execFile(pip, ['config', 'get', 'global.cert']).then(
    async ({ stdout }) => readFile(stdout.trim(), 'utf8'),
    () => undefined,
  )
}

async function startServer(): Promise<void> {
  await ada.send('POST', '/hub/api/users/admin/server', {})
  await (await ada.send('GET', '/hub/api/users/admin/server/progress')).text()
}

async function createKernel(name = 'python3'): Promise<string> {
  return (await ada.json<{ id: string }>('POST', '/user/admin/api/kernels', { name })).id
}

async function run(kernel: string, code: string): Promise<string> {
  const socket = ada.open(`/user/admin/api/kernels/${kernel}/channels?session_id=${randomUUID()}`)
  try {
    const outputs = await execute(socket, code)
    return outputs
      .map((output) => (typeof output['text'] === 'string' ? output['text'] : JSON.stringify(output)))
      .join('')
  } finally {
    socket.close()
  }
}
