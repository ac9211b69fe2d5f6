import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type Call } from '@cygnet/contract/client'
import type { Config } from '@cygnet/core/config'
import { CygnetError } from '@cygnet/core/errors'
import { createSilentLogger } from '@cygnet/core/log'
import { adminSocketOf } from './runtime-folder.ts'
import { isListening } from './listening.ts'
import { createSocketFetch, toText } from './socket-fetch.ts'

export interface LocalClient {
  call: Call
  close(): Promise<void>
}

/** The API as the local administrator: of the service that runs on this data folder, else of one in this process. */
export async function openLocalClient(config: Config): Promise<LocalClient> {
  const socket = adminSocketOf(config.data)
  if (await isListening(socket)) {
    return { call: createClient({ baseUrl: '', fetch: createSocketFetch(socket) }), close: async () => {} }
  }
  if (!existsSync(join(config.data, 'cygnet.sqlite')))
    throw new CygnetError('not-found', `There is no Cygnet data in ${config.data}.`, {
      mend: 'Name the folder with --data, or start the service there first: npm start',
    })
  const url = config.publicUrl ?? `http://${config.host}:${config.port}`
  const parts = { frontDoorPort: () => null, publicUrl: () => url, releases: [] }
  // Most commands speak to a running service and need none of its parts.
  const { createService } = await import('./service.ts')
  const service = await createService({ config, log: createSilentLogger(), ...parts })
  await service.servers.restore()
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = typeof init.body === 'string' ? { body: init.body } : {}
    const answer = await service.hub.inject({ method: init.method ?? 'GET', url: toText(input), headers, ...body })
    return new Response(answer.status === 204 ? null : answer.body, { status: answer.status })
  }
  return { call: createClient({ fetch }), close: () => service.close('keep') }
}
