import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { preparePythonRelease } from './python-release.ts'

test('a release is built without what the operator has set up for their own Python', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-release-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  onTestFinished(() => void vi.unstubAllEnvs())
  const [modules, elsewhere, mark] = ['modules', 'elsewhere', 'mark'].map((name) => join(folder, name))
  await mkdir(modules ?? '')
  for (const name of ['sitecustomize.py', 'usercustomize.py', 'json.py'])
    await writeFile(join(modules ?? '', name), `open('${mark}', 'w').close()\n`)
  vi.stubEnv('PYTHONPATH', modules)
  vi.stubEnv('PIP_USER', '1')
  vi.stubEnv('PIP_TARGET', elsewhere)
  // Programs of pip alone.
  vi.stubEnv('PATH', '/usr/bin:/bin')
  await writeFile(join(folder, 'requirements.lock'), '')
  const release = { kind: 'python' as const, id: 'bare', title: 'Bare', description: '', highlights: ['pip'], folder }
  const { root, highlights } = await preparePythonRelease(release, {
    folder: join(folder, 'software'),
    python: 'python3',
    report: () => {},
    signal: new AbortController().signal,
  })
  expect(highlights).toEqual([expect.stringMatching(/^Python 3/), expect.stringMatching(/^pip /)])
  expect(await readdir(root)).toContain('bin')
  await expect(readFile(mark ?? '')).rejects.toThrow('ENOENT')
  await expect(readdir(elsewhere ?? '')).rejects.toThrow('ENOENT')
})
