import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startNotebookServer } from './notebook-server.ts'

/** As far as it is used here; the lab's dependencies are no part of this package's types. */
interface Services {
  EventManager: new (options: { serverSettings: object }) => { emit(event: object): Promise<void>; dispose(): void }
  ServerConnection: { makeSettings(settings: object): object }
}

const lab = createRequire(new URL('../../apps/lab/package.json', import.meta.url))
const contents = 'https://events.jupyter.org/jupyter_server/contents_service/v1'

test('the server takes what JupyterLab’s own client emits, and says what is wrong with the rest', async () => {
  await using server = await startNotebookServer()
  const { EventManager, ServerConnection } = lab('@jupyterlab/services') as Services
  const { url: baseUrl, token } = server
  const wsUrl = baseUrl.replace('http', 'ws')
  const events = new EventManager({
    serverSettings: ServerConnection.makeSettings({ baseUrl, wsUrl, token, WebSocket }),
  })
  try {
    await events.emit({ schema_id: contents, version: '1', data: { action: 'get', path: 'a.txt' } })
    await events.emit({ schema_id: 'https://events.example.org/clicked/v1', version: '1', data: { on: 'run' } })
    await expect(events.emit({ schema_id: contents, version: '1', data: {} })).rejects.toMatchObject({
      response: { status: 400 },
    })
  } finally {
    events.dispose()
  }
})
