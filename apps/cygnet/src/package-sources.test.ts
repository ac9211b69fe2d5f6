import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseConfig } from '@cygnet/core/config'
import { createSandboxBed } from '@cygnet/spawners/sandbox/testing/bed'
import { expect, onTestFinished, test } from 'vitest'
import { createPackageSources } from './package-sources.ts'

const execute = promisify(execFile)

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-sources-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('pip and uv are told the indexes in their own words', async () => {
  const { software } = parseConfig({
    software: {
      indexUrl: 'https://pypi.example.org/simple',
      extraIndexUrls: ['https://a.example.org', 'https://b.example.org'],
    },
  })
  expect(await createPackageSources(software, await makeFolder())).toEqual({
    environment: {
      PIP_INDEX_URL: 'https://pypi.example.org/simple',
      UV_DEFAULT_INDEX: 'https://pypi.example.org/simple',
      PIP_EXTRA_INDEX_URL: 'https://a.example.org https://b.example.org',
      UV_INDEX: 'https://a.example.org https://b.example.org',
    },
    software: [],
  })
})

test('nothing is told that was not configured', async () => {
  const sources = await createPackageSources(parseConfig({}).software, await makeFolder())
  expect(sources).toEqual({ environment: {}, software: [] })
})

test('programs in a session trust the authority of the configuration', async () => {
  const folder = await makeFolder()
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'authority.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  await execute('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate])
  const server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (request, response) => {
    // What git asks of a plain server of files.
    response.setHeader('content-type', 'text/plain')
    const isRepository = request.url?.startsWith('/repository/info/refs') === true
    response.end(isRepository ? `${'0123456789'.repeat(4)}\trefs/heads/main\n` : 'hello')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`

  const { software } = parseConfig({ software: { certificates: certificate } })
  const sources = await createPackageSources(software, folder)
  const bed = await createSandboxBed({ network: 'host' })
  try {
    const shell = await bed.startShell(sources)
    const ask = `import urllib.request; print(urllib.request.urlopen('${url}').read().decode())`
    expect(await shell.print(`curl -s ${url}`)).toBe('hello')
    expect(await shell.print(`python3 -c "${ask}"`)).toBe('hello\n')
    expect(await shell.print(`git ls-remote ${url}/repository`)).toContain('refs/heads/main')
    expect(await shell.print(`/opt/cygnet/node -e "fetch('${url}').then((r) => r.text()).then(console.log)"`)).toBe(
      'hello\n',
    )
    const stranger = await bed.startShell({})
    expect(await stranger.succeeds(`curl -s ${url}`)).toBe(false)
  } finally {
    await bed.close()
  }
})

test('a file that holds no certificate is refused at the start', async () => {
  const folder = await makeFolder()
  await writeFile(join(folder, 'empty.pem'), 'nothing')
  for (const certificates of [join(folder, 'empty.pem'), join(folder, 'missing.pem')]) {
    const { software } = parseConfig({ software: { certificates } })
    await expect(createPackageSources(software, folder)).rejects.toThrow(
      /software\.certificates names .* cannot be used/,
    )
  }
})
