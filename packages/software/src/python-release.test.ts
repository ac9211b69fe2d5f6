import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { preparePythonRelease, type PrepareOptions } from './python-release.ts'
import { readReleases } from './release.ts'
import { run } from './run.ts'

let folder: string
let options: PrepareOptions
const reports: string[] = []
const six = 'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n'

beforeEach(async ({ signal }) => {
  folder = await mkdtemp(join(tmpdir(), 'cygnet-software-'))
  await declare(six)
  options = { folder: join(folder, 'installed'), python: 'python3', report: (line) => reports.push(line), signal }
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a release is installed once, with the versions people ask for', async () => {
  const [declaration] = await readReleases(join(folder, 'releases'))
  if (declaration === undefined) throw new Error('no release')
  const release = await preparePythonRelease(declaration, options)
  expect(release).toMatchObject({ id: 'small', target: '/software/small' })
  expect(release.highlights).toEqual([expect.stringMatching(/^Python 3\.\d+/), 'six 1.17.0'])
  expect(await run(join(release.root, 'bin', 'python'), ['-c', 'import six; print(six.__version__)'], options)).toEqual(
    ['1.17.0'],
  )
  expect((await readFile(join(release.root, 'bin', 'pip'), 'utf8')).split('\n')[0]).toMatch(
    /^#!\/software\/small\/bin\/python/,
  )

  expect(release.packages).toMatch(/^lib\/python3\.\d+\/site-packages$/)
  expect(await readdir(join(release.root, release.packages))).toContain('_cygnet_own_packages.py')

  reports.length = 0
  expect(await preparePythonRelease(declaration, options)).toEqual(release)
  expect(reports).toEqual([])
})

test('a release that fails to install says why and leaves nothing', async () => {
  await declare('six==1.17.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n')
  const [declaration] = await readReleases(join(folder, 'releases'))
  if (declaration === undefined) throw new Error('no release')
  await expect(preparePythonRelease(declaration, options)).rejects.toThrow(/hash/i)
  expect(await readdir(options.folder)).toEqual([])
})

test('a wrong declaration is refused by name', async () => {
  await writeFile(join(folder, 'releases', 'small', 'release.json'), '{"id": "Small"}')
  await expect(readReleases(join(folder, 'releases'))).rejects.toThrow(/release\.json is wrong/)
})

async function declare(lock: string): Promise<void> {
  const release = join(folder, 'releases', 'small')
  await mkdir(release, { recursive: true })
  const declaration = { id: 'small', title: 'Small', description: '', kind: 'python', highlights: ['six'] }
  await writeFile(join(release, 'release.json'), JSON.stringify(declaration))
  await writeFile(join(release, 'requirements.lock'), lock)
}
