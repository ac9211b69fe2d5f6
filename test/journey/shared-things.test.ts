import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { execute, type Output } from '../support/kernel-client.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'

const run = promisify(execFile)
const password = 'a good password'
const patience = { timeout: 30_000 }

let service: RunningService
let ann: Visitor
let ben: Visitor
let home: string

interface Link {
  id: string
  token: string
}

beforeAll(async () => {
  service = await startService()
  const first = createVisitor(service.url)
  await first.request('GET', service.firstLink ?? '')
  await first.send('GET', '/')
  for (const name of ['ann', 'ben']) await first.send('POST', `/hub/api/users/${name}`, { password })
  ann = await signIn('ann')
  ben = await signIn('ben')
  home = join(service.data, 'homes/ann')
  await startServer(ann, 'ann')
  await startServer(ben, 'ben')
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
})

test('what is renamed in the Lab, by a kernel or in a terminal stays shared, also with who has it open', async () => {
  const link = await share('results', { 'one.txt': 'one' })
  await ann.send('POST', '/api/v1/shares', { path: 'results', to: { type: 'user', name: 'ben', access: 'read' } })
  const shown = (): Promise<string> => inKernel(ben, `open('Shared with me/results/one.txt').read()`)
  await expect.poll(shown, patience).toBe("'one'")
  await ann.send('PATCH', '/user/ann/api/contents/results', { path: 'renamed' })
  expect(await shows(link)).toBe('one.txt')
  await inKernel(ann, `import os; os.makedirs('deep/er'); os.rename('renamed', 'deep/er/moved')`)
  expect(await shows(link)).toBe('one.txt')
  await inTerminal(ann, 'mv deep deeper')
  expect(await shows(link)).toBe('one.txt')
  expect(await shown()).toBe("'one'")
  expect(await ann.json('GET', '/api/v1/shares?path=deeper/er/moved')).toHaveLength(2)
})

test('what is deleted is shared no more, whatever takes its name: in the Lab, by a kernel, in a terminal', async () => {
  const deletions: Array<() => Promise<unknown>> = [
    () => ann.send('DELETE', '/user/ann/api/contents/data'),
    () => inKernel(ann, `import shutil; shutil.rmtree('data')`),
    () => inTerminal(ann, 'rm -r data'),
    () => ann.send('DELETE', '/api/v1/trees/home/entry?path=data'),
  ]
  for (const remove of deletions) {
    const link = await share('data', { 'one.txt': 'one' })
    await ann.send('POST', '/api/v1/shares', { path: 'data', to: { type: 'user', name: 'ben', access: 'read' } })
    const listed = (): Promise<string> => inKernel(ben, `import os; sorted(os.listdir('Shared with me/data'))`)
    await expect.poll(listed, patience).toBe("['one.txt']")
    await remove()
    await inKernel(ann, `import os; os.mkdir('data'); open('data/private.txt', 'w').close()`)
    expect(await shows(link)).toBe(410)
    await expect.poll(listed, patience).toContain('FileNotFoundError')
    expect(await ben.json('GET', '/api/v1/shares/received')).toContainEqual(
      expect.objectContaining({ name: 'data', kind: 'missing' }),
    )
    await rm(join(home, 'data'), { recursive: true })
  }
})

test('a notebook that is saved stays shared, also while the service is down; what is made anew then is not', async () => {
  const link = await share('notes', {})
  await ann.send('PUT', '/user/ann/api/contents/kept.ipynb', { type: 'notebook', content: notebook('first') })
  const notes = await shareAt('kept.ipynb')
  await ann.send('PUT', '/user/ann/api/contents/kept.ipynb', { type: 'notebook', content: notebook('second') })
  expect(await contentOf(notes)).toContain('second')
  const port = Number(new URL(service.url).port)
  await service.kill()
  // As the user's server saves, which goes on: a file with the attributes of the old one, renamed over it.
  const save = 'cp -a kept.ipynb t; sed s/second/third/ kept.ipynb > t; mv t kept.ipynb'
  await run('bash', ['-c', `${save}; rm -r notes; mkdir notes; touch notes/private`], { cwd: home })
  service = await startService({ data: service.data, config: { port } })
  ann = await signIn('ann')
  expect(await contentOf(notes)).toContain('third')
  expect(await shows(link)).toBe(410)
})

async function signIn(name: string): Promise<Visitor> {
  const visitor = createVisitor(service.url)
  const form = await (await visitor.send('GET', '/hub/login')).text()
  const [, xsrf = ''] = /name="_xsrf" value="([^"]+)"/.exec(form) ?? []
  await visitor.send('POST', '/hub/login', new URLSearchParams({ _xsrf: xsrf, username: name, password }))
  await visitor.send('GET', '/')
  return visitor
}

async function startServer(visitor: Visitor, name: string): Promise<void> {
  await visitor.send('POST', `/hub/api/users/${name}/server`, {})
  // Ends once the server is there.
  await (await visitor.send('GET', `/hub/api/users/${name}/server/progress`)).text()
}

async function share(path: string, files: Record<string, string>): Promise<Link> {
  await ann.send('POST', '/api/v1/trees/home/folders', { path })
  for (const [name, text] of Object.entries(files)) {
    await ann.send('PUT', `/api/v1/trees/home/content?path=${path}/${name}`, Buffer.from(text))
  }
  return shareAt(path)
}

async function shareAt(path: string): Promise<Link> {
  const { id, to } = await ann.json<{ id: string; to: { token: string } }>('POST', '/api/v1/shares', {
    path,
    to: { type: 'link' },
  })
  return { id, token: to.token }
}

/** The names that a stranger sees, or the status of the refusal, the same at every door. */
async function shows({ token }: Link): Promise<string | number> {
  const stranger = createVisitor(service.url)
  const tree = `/api/v1/trees/link-${token}`
  const page = await stranger.request('GET', `/api/v1/links/${token}`)
  const zip = await stranger.request('GET', `${tree}/archive?path=`)
  await zip.arrayBuffer()
  const answer = await stranger.request('GET', `${tree}/entry?path=`)
  expect([page.status, zip.status]).toEqual([answer.status, answer.status])
  if (answer.status !== 200) return answer.status
  const { children } = (await answer.json()) as { children: Array<{ name: string }> }
  return children.map((child) => child.name).join(' ')
}

async function contentOf({ token }: Link): Promise<string> {
  return (await createVisitor(service.url).request('GET', `/api/v1/trees/link-${token}/content?path=`)).text()
}

const kernels = new Map<Visitor, ReturnType<Visitor['open']>>()

/** What the last expression is, or the error's name, in a kernel of the user's own. */
async function inKernel(visitor: Visitor, code: string): Promise<string> {
  const name = visitor === ann ? 'ann' : 'ben'
  let socket = kernels.get(visitor)
  if (socket === undefined) {
    const { id } = await visitor.json<{ id: string }>('POST', `/user/${name}/api/kernels`, { name: 'python3' })
    socket = visitor.open(`/user/${name}/api/kernels/${id}/channels`)
    kernels.set(visitor, socket)
  }
  return (await execute(socket, code)).map(textOf).join('')
}

function textOf(output: Output): string {
  if (output.output_type === 'error') return String(output['ename'])
  return (output['data'] as Record<string, string> | undefined)?.['text/plain'] ?? ''
}

async function inTerminal(visitor: Visitor, command: string): Promise<void> {
  const { name } = await visitor.json<{ name: string }>('POST', '/user/ann/api/terminals', {})
  const socket = visitor.open(`/user/ann/terminals/websocket/${name}`)
  await once(socket, 'open')
  let shown = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('message', (data: Buffer) => {
    shown += data.toString()
    if (shown.includes('done=0')) resolve()
  })
  socket.send(JSON.stringify(['stdin', `cd ~ && ${command}; echo don""e=$?\r`]))
  await promise
  socket.close()
}

function notebook(text: string): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [{ id: 'a', cell_type: 'markdown', metadata: {}, source: text }],
  }
}
