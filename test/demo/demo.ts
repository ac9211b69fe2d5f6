import { once } from 'node:events'
import { execute, type Output } from '../support/kernel-client.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { createVisitor, type Visitor } from '../support/visitor.ts'

interface DemoOptions {
  print: (line: string) => void
  /** Leave the service running until SIGINT, so that the link can be opened. */
  keep: boolean
}

interface Cell {
  cell_type: string
  source: string
  outputs?: Output[]
  execution_count?: number | null
}

interface Notebook {
  content: { cells: Cell[] }
}

/**
 * The demo of 2016 through public interfaces: sign in, copy the example, start a server, run the notebook, share the plot, and
 * open the link as a stranger. @throws Error naming what was not as it should be
 */
export async function runDemo({ print, keep }: DemoOptions): Promise<void> {
  const began = performance.now()
  const service = await step('Start a service', () => startService({ onInstall: print }), print)
  try {
    const url = await walk(service, print)
    print(`${seconds(performance.now() - began)}  in all`)
    print(
      keep
        ? 'The service goes on until Ctrl-C.'
        : 'The service of the demo ends now, and its link; to keep both: npm run demo -- --keep',
    )
    print(url)
    if (keep) await once(process, 'SIGINT')
  } finally {
    await service.stop()
    await removeData(service)
  }
}

async function walk(service: RunningService, print: (line: string) => void): Promise<string> {
  const visitor = createVisitor(service.url)
  const name = await step('Sign in with the first administrator’s link', () => signIn(service, visitor), print)
  const example = await step(
    'Open the example in my space',
    () => visitor.json<{ path: string; url: string }>('POST', '/api/v1/examples/cinemas/open'),
    print,
  )
  await step('Start my server', () => startServer(visitor, name), print)
  const base = `/user/${name}`
  const notebook = await step(
    'Load the notebook',
    () => visitor.json<Notebook>('GET', `${base}/api/contents/${example.path}`),
    print,
  )
  await step('Run it', () => runNotebook(visitor, base, example.path, notebook, print), print)
  const folder = example.path.slice(0, example.path.lastIndexOf('/'))
  await step('Find the plot and the table', () => checkResults(visitor, folder), print)
  const link = await step('Share the plot by link', () => share(visitor, `${folder}/cinemas.png`), print)
  await step('Open the link as a stranger', () => openAsStranger(service.url, link), print)
  return link.url
}

async function signIn(service: RunningService, visitor: Visitor): Promise<string> {
  if (service.firstLink === null) throw new Error('The service printed no sign-in link.')
  await visitor.send('GET', new URL(service.firstLink).pathname + new URL(service.firstLink).search)
  return (await visitor.json<{ name: string }>('GET', '/api/v1/account')).name
}

async function startServer(visitor: Visitor, name: string): Promise<void> {
  await visitor.send('POST', `/hub/api/users/${name}/server`, {})
  const progress = await visitor.send('GET', `/hub/api/users/${name}/server/progress`)
  const events = (await progress.text())
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)) as { ready?: boolean; failed?: boolean; message?: string })
  const last = events.at(-1)
  if (last?.ready !== true) throw new Error(`The server did not start: ${last?.message ?? 'no progress was told'}`)
}

async function runNotebook(
  visitor: Visitor,
  base: string,
  path: string,
  notebook: Notebook,
  print: (line: string) => void,
): Promise<void> {
  const body = { path, type: 'notebook', name: path, kernel: { name: 'python3' } }
  const session = await visitor.json<{ id: string; kernel: { id: string } }>('POST', `${base}/api/sessions`, body)
  const socket = visitor.open(`${base}/api/kernels/${session.kernel.id}/channels`)
  try {
    let count = 0
    for (const cell of notebook.content.cells.filter((one) => one.cell_type === 'code')) {
      count += 1
      const start = performance.now()
      cell.outputs = await execute(socket, cell.source)
      cell.execution_count = count
      const error = cell.outputs.find((output) => output.output_type === 'error')
      if (error !== undefined)
        throw new Error(`Cell ${count} failed: ${String(error['ename'])}: ${String(error['evalue'])}`)
      print(`${seconds(performance.now() - start)}    cell ${count}`)
    }
  } finally {
    socket.close()
  }
  if (!hasPlot(notebook)) throw new Error('The notebook drew no plot.')
  await visitor.send('PUT', `${base}/api/contents/${path}`, {
    type: 'notebook',
    format: 'json',
    content: notebook.content,
  })
  await visitor.send('DELETE', `${base}/api/sessions/${session.id}`)
}

function hasPlot(notebook: Notebook): boolean {
  const outputs = notebook.content.cells.flatMap((cell) => cell.outputs ?? [])
  return outputs.some(
    (output) => typeof output['data'] === 'object' && output['data'] !== null && 'image/png' in output['data'],
  )
}

async function checkResults(visitor: Visitor, folder: string): Promise<void> {
  const plot = await read(visitor, `${folder}/cinemas.png`)
  if (!isPng(plot)) throw new Error('cinemas.png is no PNG picture.')
  const table = new TextDecoder().decode(await read(visitor, `${folder}/cinemas-trend.csv`))
  const rows = table.trim().split('\n')
  if (!rows[0]?.startsWith('from,to,') || rows.length < 3) throw new Error(`The table is not as expected:\n${table}`)
}

async function read(visitor: Visitor, path: string): Promise<Uint8Array> {
  const answer = await visitor.send('GET', `/api/v1/trees/home/content?path=${encodeURIComponent(path)}`)
  return answer.bytes()
}

function isPng(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(1, 4)).toString() === 'PNG' && bytes.length > 10_000
}

interface LinkShare {
  to: { url: string; token: string }
}

async function share(visitor: Visitor, path: string): Promise<LinkShare['to']> {
  return (await visitor.json<LinkShare>('POST', '/api/v1/shares', { path, to: { type: 'link' } })).to
}

async function openAsStranger(url: string, link: LinkShare['to']): Promise<void> {
  const stranger = createVisitor(url)
  const page = await stranger.send('GET', new URL(link.url).pathname)
  if (!(page.headers.get('content-type') ?? '').startsWith('text/html')) throw new Error('The link shows no page.')
  const content = await stranger.send('GET', `/api/v1/trees/link-${link.token}/content?path=`)
  if (!isPng(await content.bytes())) throw new Error('The link does not show the plot.')
  const beside = await stranger.request('GET', `/api/v1/trees/link-${link.token}/content?path=../cinemas.ipynb`)
  if (beside.status < 400) throw new Error('The link reveals what is not shared.')
}

async function step<T>(name: string, work: () => Promise<T>, print: (line: string) => void): Promise<T> {
  const start = performance.now()
  try {
    const result = await work()
    print(`${seconds(performance.now() - start)}  ${name}`)
    return result
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2).padStart(7)} s`
}
