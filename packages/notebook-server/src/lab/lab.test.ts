import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secret, startTestServer, type TestServer } from '../testing/test-server.ts'
import { script, writeLabBundle } from './testing/lab-bundle.ts'

let lab: string
let server: TestServer

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'nbs-lab-'))
  await writeLabBundle(lab)
  server = await startTestServer({ lab, hub: { user: 'ada', serverName: 'gpu', basePath: '/', host: '' } })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(lab, { recursive: true, force: true })
})

async function configOf(path: string): Promise<Record<string, unknown>> {
  const page = await server.ask('GET', path)
  expect(page.status).toBe(200)
  const [, json] = /<script id="jupyter-config-data" type="application\/json">(.*?)<\/script>/s.exec(page.text) ?? []
  return JSON.parse(json ?? '') as Record<string, unknown>
}

test('sends the page with the bundle and what JupyterLab must know', async () => {
  const page = await server.ask('GET', 'lab')
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(page.text).toContain('<script type="module" src="/user/ada/static/lab/main-AbC12345.js"></script>')
  expect(page.text).toContain('<link rel="stylesheet" href="/user/ada/static/lab/style-AbC12345.css">')
  expect(page.text).toContain('<link rel="modulepreload" href="/user/ada/static/lab/core-AbC12345.js">')
  expect(page.text).toContain(
    '<link rel="icon" type="image/svg+xml" href="/user/ada/static/lab/swan-AbC12345.svg" class="idle favicon">',
  )
  expect(page.text).toContain('<body class="jp-ThemedContainer">')
  expect(await configOf('lab')).toMatchObject({
    appUrl: '/lab',
    appVersion: '4.6.4',
    baseUrl: '/user/ada/',
    fullStaticUrl: '/user/ada/static/lab',
    fullSettingsUrl: '/user/ada/lab/api/settings',
    hubHost: '',
    hubPrefix: '/hub/',
    hubServerName: 'gpu',
    hubUser: 'ada',
    token: '',
    disabledExtensions: expect.arrayContaining(['@jupyterlab/apputils-extension:announcements']),
  })
})

test.each([
  ['lab', 'multiple-document', 'default', ''],
  ['lab/tree', 'multiple-document', 'default', ''],
  ['lab/tree/a%20b/c%23.ipynb', 'multiple-document', 'default', 'a b/c#.ipynb'],
  ['lab/workspaces/auto-k', 'multiple-document', 'auto-k', ''],
  ['lab/workspaces/foo/tree/x/y.txt?reset', 'multiple-document', 'foo', 'x/y.txt'],
  ['doc/tree/x.ipynb', 'single-document', 'default', 'x.ipynb'],
  ['doc/workspaces/foo/tree/x.ipynb', 'single-document', 'foo', 'x.ipynb'],
])('opens what %s names', async (path, mode, workspace, treePath) => {
  expect(await configOf(path)).toMatchObject({ mode, workspace, treePath })
})

test('lets JupyterLab say that there is no such page', async () => {
  expect(await configOf('lab/nonsense')).toMatchObject({ notFoundUrl: '/user/ada/lab/nonsense', treePath: '' })
  expect((await server.ask('GET', 'lab/api/nonsense')).status).toBe(404)
})

test('lets no name of a file end the script element', async () => {
  const page = await server.ask('GET', `lab/tree/${encodeURIComponent('</script><script>alert(1)</script>.ipynb')}`)
  expect(page.text).not.toContain('</script><script>alert')
  expect(await configOf(`lab/tree/${encodeURIComponent('</script>.ipynb')}`)).toMatchObject({
    treePath: '</script>.ipynb',
  })
})

test.each([
  ['', '/user/ada/lab'],
  ['lab/', '/user/ada/lab'],
  ['lab/tree/folder/?a=1', '/user/ada/lab/tree/folder?a=1'],
  ['tree', '/user/ada/lab'],
  ['notebooks/a%20b.ipynb', '/user/ada/lab/tree/a%20b.ipynb'],
  ['logout', '/hub/logout'],
])('leads from %s to %s', async (path, location) => {
  const answer = await server.ask('GET', path)
  expect({ status: answer.status, location: answer.headers.location }).toEqual({ status: 302, location })
})

test('sends assets compressed as the build left them, for ever', async () => {
  const answer = await server.ask('GET', 'static/lab/main-AbC12345.js', undefined, {
    'accept-encoding': 'gzip, br;q=0.8',
  })
  expect(answer.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'br',
    'content-type': 'text/javascript; charset=utf-8',
    vary: 'Accept-Encoding',
  })
  expect(brotliDecompressSync(answer.bytes).toString()).toBe(script)
  const etag = String(answer.headers.etag)
  const again = await server.ask('GET', 'static/lab/main-AbC12345.js', undefined, {
    'accept-encoding': 'br',
    'if-none-match': etag,
  })
  expect(again.status).toBe(304)
  expect(
    (await server.ask('GET', 'static/lab/main-AbC12345.js', undefined, { 'accept-encoding': 'br;q=0' })).text,
  ).toBe(script)
  expect((await server.ask('GET', 'static/lab/plain.js')).headers['cache-control']).toBe('no-cache')
  expect((await server.ask('GET', 'static/lab/missing.js')).status).toBe(404)
  expect((await server.ask('GET', 'static/lab/../manifest.json')).status).toBe(404)
})

test('sends themes, icons and the logo', async () => {
  const css = await server.ask('GET', 'lab/api/themes/@lab/light/index.css', undefined, { 'accept-encoding': 'br' })
  expect(css.headers).toMatchObject({ 'content-type': 'text/css; charset=utf-8', 'content-encoding': 'br' })
  expect((await server.ask('GET', 'lab/api/themes/@lab/light/a.woff')).text).toBe('font')
  for (const name of ['favicon', 'favicon-busy-1', 'favicon-notebook', 'favicon-terminal', 'favicon-file']) {
    const icon = await server.ask('GET', `static/favicons/${name}.ico`)
    expect(icon.headers['content-type']).toBe('image/vnd.microsoft.icon')
    expect([...icon.bytes.subarray(0, 4)]).toEqual([0, 0, 1, 0])
  }
  expect((await server.ask('GET', 'logo')).headers['content-type']).toBe('image/svg+xml')
})

const themes = 'lab/api/settings/@lab/themes-extension:themes'

test('lists settings with the bundle’s own defaults', async () => {
  const settings = (await server.ask('GET', 'lab/api/settings')).json()['settings'] as unknown[]
  expect(settings).toEqual([
    {
      id: '@lab/themes-extension:themes',
      version: '4.6.4',
      raw: '{}',
      settings: {},
      created: null,
      last_modified: null,
      warning: null,
      schema: expect.objectContaining({
        title: 'Themes',
        properties: {
          theme: { type: 'string', default: 'Swan' },
          fonts: { type: 'object', default: { size: 2, family: 'a' } },
          fresh: { default: true },
        },
      }),
    },
    expect.objectContaining({ id: '@lab/apples:plugin', version: 'N/A' }),
  ])
  expect((await server.ask('GET', 'lab/api/settings?ids_only=true')).json()).toEqual({
    settings: [{ id: '@lab/themes-extension:themes' }, { id: '@lab/apples:plugin' }],
  })
})

test('keeps a person’s settings as they wrote them', async () => {
  const raw = '{\n  // my eyes\n  theme: "Dark",\n}'
  expect((await server.ask('PUT', themes, { raw })).status).toBe(204)
  expect((await server.ask('GET', encodeURI(themes).replaceAll('/themes-', '%2Fthemes-'))).json()).toMatchObject({
    raw,
    settings: { theme: 'Dark' },
    created: expect.stringMatching(/Z$/),
    last_modified: expect.stringMatching(/Z$/),
  })
  const file = join(server.folder, 'jupyter/lab/user-settings/@lab/themes-extension/themes.jupyterlab-settings')
  expect(await readFile(file, 'utf8')).toBe(raw)

  // What somebody broke by hand counts as nothing, and says so.
  await writeFile(file, '{"theme": 5}')
  const settings = (await server.ask('GET', 'lab/api/settings')).json()['settings'] as unknown[]
  expect(settings[0]).toMatchObject({
    raw: '{}',
    settings: {},
    warning: expect.stringContaining('theme must be string'),
  })
})

test.each([
  [themes, { raw: '{"theme": 5}' }, 400, 'settings/theme must be string'],
  [themes, { raw: '{"odd": 5}' }, 400, 'must NOT have additional properties'],
  [themes, { raw: '{broken' }, 400, 'Failed parsing the settings'],
  [themes, { raw: '5' }, 400, 'must be a JSON object'],
  [themes, {}, 400, 'Invalid format for JSON payload'],
  ['lab/api/settings/@lab/none:none', { raw: '{}' }, 404, 'Schema not found'],
  ['lab/api/settings/..%2f..%2fx:y', { raw: '{}' }, 404, 'not found'],
])('refuses to save %s with %j', async (path, body, status, message) => {
  const answer = await server.ask('PUT', path, body)
  expect(answer.status).toBe(status)
  expect(answer.json()['message']).toContain(message)
})

test('keeps workspaces', async () => {
  expect((await server.ask('GET', 'lab/api/workspaces/default')).json()).toEqual({
    data: {},
    metadata: { id: '/default' },
  })
  const workspace = { data: { layout: [1] }, metadata: { id: 'default' } }
  expect((await server.ask('PUT', 'lab/api/workspaces/default', workspace)).status).toBe(204)
  const kept = {
    data: { layout: [1] },
    metadata: expect.objectContaining({ id: 'default', created: expect.any(String) }),
  }
  expect((await server.ask('GET', 'lab/api/workspaces/default')).json()).toEqual(kept)
  expect((await server.ask('GET', 'lab/api/workspaces/')).json()).toEqual({
    workspaces: { ids: ['default'], values: [kept] },
  })
  // The name of the file is the one that JupyterLab's own server uses.
  await readFile(join(server.folder, 'jupyter/lab/workspaces/default-37a8.jupyterlab-workspace'), 'utf8')
  expect((await server.ask('PUT', 'lab/api/workspaces/other', workspace)).status).toBe(400)
  expect((await server.ask('PUT', 'lab/api/workspaces/other', '{')).status).toBe(400)
  expect((await server.ask('PUT', 'lab/api/workspaces/', workspace)).status).toBe(400)
  expect((await server.ask('DELETE', 'lab/api/workspaces/default')).status).toBe(204)
  expect((await server.ask('DELETE', 'lab/api/workspaces/default')).status).toBe(404)
})

test('speaks English, lists no extensions, tells its licenses', async () => {
  expect((await server.ask('GET', 'lab/api/translations')).json()).toMatchObject({
    data: { en: { nativeName: 'English' } },
  })
  expect((await server.ask('GET', 'lab/api/translations/en')).json()).toEqual({ data: {}, message: '' })
  expect((await server.ask('GET', 'lab/api/translations/de_DE')).json()['message']).toContain('not installed')
  const listings = 'lab/api/listings/@jupyterlab/extensionmanager-extension/listings.json'
  expect((await server.ask('GET', listings)).json()).toMatchObject({ blocked_extensions: [] })
  expect((await server.ask('GET', 'lab/api/licenses/')).json()).toMatchObject({
    bundles: { JupyterLab: { packages: [{ name: 'lab' }] } },
  })
  const csv = await server.ask('GET', 'lab/api/licenses/?format=csv&download=1')
  expect(csv.text).toContain('"lab","4.6.4","BSD","a ""text"""')
  expect(csv.headers['content-disposition']).toContain('jupyterlab-licenses.csv')
})

test('runs alone for a browser that comes with the secret', async () => {
  await using alone = await startTestServer({ lab, token: secret })
  const page = await alone.ask('GET', `lab?token=${secret}`, undefined, { authorization: '' })
  expect(page.text).toContain(`"token":"${secret}"`)
  const cookie = String(page.headers['set-cookie']).split(';')[0] ?? ''
  expect(String(page.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict$/)
  // The cookie reads what a page loads by itself, and changes nothing.
  const headers = { authorization: '', cookie }
  expect((await alone.ask('GET', 'static/lab/main-AbC12345.js', undefined, headers)).status).toBe(200)
  expect((await alone.ask('GET', 'lab', undefined, headers)).status).toBe(200)
  expect((await alone.ask('POST', 'api/contents', {}, headers)).status).toBe(403)
  expect((await alone.ask('GET', 'lab', undefined, { authorization: '', cookie: `${cookie}x` })).status).toBe(403)
})

test('says that it has no JupyterLab', async () => {
  await using without = await startTestServer({ lab: join(lab, 'nothing') })
  const answer = await without.ask('GET', 'lab')
  expect(answer.status).toBe(503)
  expect(answer.json()).toMatchObject({ mend: 'Build it with "npm run build".' })
})
