import type { Example } from '@cygnet/contract/v1/examples'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readExamples } from './examples.ts'
import { at, createFileGround } from './files.fixture.ts'

async function createGallery(declared: object = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cygnet-gallery-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'one/data'), { recursive: true })
  await writeFile(join(folder, 'one/one.ipynb'), '{}')
  await writeFile(join(folder, 'one/data/table.csv'), 'a,b\n')
  await writeFile(join(folder, 'secret'), 'x')
  await symlink('../secret', join(folder, 'one/out'))
  const example = { title: 'One', description: 'First.', notebook: 'one.ipynb', files: ['data/table.csv'], ...declared }
  await writeFile(join(folder, 'one/example.json'), JSON.stringify(example))
  return folder
}

test('the gallery of this project is listed and its files are public', async () => {
  const { as } = await createFileGround()
  const guest = await as()
  const examples = await guest.call<Example[]>('GET', '/api/v1/examples')
  const cinemas = examples.find((one) => one.id === 'cinemas')
  expect(cinemas).toMatchObject({ notebook: 'cinemas.ipynb', picture: '/api/v1/examples/cinemas/files/picture.png' })
  const csv = await guest.fetch('GET', '/api/v1/examples/cinemas/files/cinemas.csv')
  expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  expect(csv.headers.get('cache-control')).toBe('public, max-age=300')
  expect(await csv.text()).toMatch(/^year,cinemas\n1966,/)
  const etag = csv.headers.get('etag') ?? ''
  const again = await guest.fetch('GET', '/api/v1/examples/cinemas/files/cinemas.csv', {
    headers: { 'if-none-match': etag },
  })
  expect(again.status).toBe(304)
  expect((await guest.fetch('GET', cinemas?.picture ?? '')).headers.get('content-type')).toBe('image/png')
})

test.each(['..', '..%2f..%2fpackage.json', '%2e%2e%2fone%2fone.ipynb', 'nothing', 'out', '.hidden', '%00'])(
  'the file %s of an example is none',
  async (file) => {
    const { as } = await createFileGround({ examples: await createGallery() })
    const answer = await (await as()).fetch('GET', `/api/v1/examples/one/files/${file}`)
    expect([400, 403, 404]).toContain(answer.status)
  },
)

test('an example is copied once and kept as it was changed', async () => {
  const { as, home } = await createFileGround({ examples: await createGallery() })
  const ann = await as('ann')
  const opened = { path: 'examples/one/one.ipynb', url: '/user/ann/lab/tree/examples/one/one.ipynb' }
  expect(await ann.call('POST', '/api/v1/examples/one/open')).toEqual(opened)
  expect((await readdir(join(home('ann'), 'examples/one'), { recursive: true })).toSorted()).toEqual([
    'data',
    'data/table.csv',
    'one.ipynb',
  ])
  await writeFile(join(home('ann'), 'examples/one/one.ipynb'), 'mine')
  await ann.fetch('DELETE', at('home', 'entry', 'examples/one/data'))
  expect(await ann.call('POST', '/api/v1/examples/one/open')).toEqual(opened)
  expect(await readFile(join(home('ann'), 'examples/one/one.ipynb'), 'utf8')).toBe('mine')
  expect(await readFile(join(home('ann'), 'examples/one/data/table.csv'), 'utf8')).toBe('a,b\n')
  expect((await ann.fetch('POST', '/api/v1/examples/two/open')).status).toBe(404)
  expect((await (await as()).fetch('POST', '/api/v1/examples/one/open')).status).toBe(401)
})

test('a file in the way is named', async () => {
  const { as } = await createFileGround({ examples: await createGallery() })
  const ann = await as('ann')
  await ann.fetch('PUT', at('home', 'content', 'examples'), { body: 'x' })
  const answer = await ann.fetch('POST', '/api/v1/examples/one/open')
  expect([answer.status, await answer.json()]).toMatchObject([409, { message: expect.stringContaining('examples') }])
})

test.each([
  [{ notebook: 'missing.ipynb' }, /missing\.ipynb/],
  [{ picture: '../secret' }, /\.\./],
  [{ titel: 'x' }, /titel/],
  [{ files: ['/etc/passwd'] }, /example\.json/],
])('a wrong declaration is refused at the start: %j', async (declared, message) => {
  await expect(readExamples(await createGallery(declared))).rejects.toMatchObject({
    code: 'bad-request',
    message: expect.stringMatching(message),
  })
})
