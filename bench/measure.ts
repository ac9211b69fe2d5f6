import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { WebSocket } from 'ws'
import { execute } from '../test/support/kernel-client.ts'
import { ask, type Contender, type RunningContender } from './contender.ts'
import { proportionalMiB, withEnvironment } from './process-tree.ts'

const run = promisify(execFile)

/** Memory is measured after so long without any work: most servers are idle most of the time. */
const idleMs = 90_000

/** One run of everything that is measured; times in milliseconds, memory in MiB, requests in 1/s. */
export interface Measured {
  ready: number
  server: number
  firstCell: number
  serviceMemory: number
  serverMemory: number
  networkMemory: number
  requests1: number
  requests10: number
  requests50: number
  roundTrip: number
}

/** Starts a contender, measures it, and stops it. */
export async function measure(contender: Contender): Promise<Measured> {
  const service = await contender.start()
  const { ready } = service
  try {
    const start = performance.now()
    await startServer(service)
    const server = performance.now() - start
    const socket = await openKernel(service)
    await execute(socket, 'pass')
    const firstCell = performance.now() - start
    const roundTrip = await measureRoundTrip(socket)
    await sleep(idleMs)
    const serviceMemory = await proportionalMiB(await service.servicePids())
    const serverMemory = await proportionalMiB(await withEnvironment('JUPYTERHUB_USER', service.user))
    const networkMemory = serverMemory + (await proportionalMiB(await service.networkPids()))
    const requests1 = await measureRequests(service, 1)
    const requests10 = await measureRequests(service, 10)
    const requests50 = await measureRequests(service, 50)
    socket.terminate()
    await ask(service, 'DELETE', `/hub/api/users/${service.user}/server`)
    return {
      ready,
      server,
      firstCell,
      serviceMemory,
      serverMemory,
      networkMemory,
      requests1,
      requests10,
      requests50,
      roundTrip,
    }
  } finally {
    await service.stop()
  }
}

/** Asks for the server and waits for the first answer of its own. */
async function startServer(service: RunningContender): Promise<void> {
  const path = `/user/${service.user}/api/status`
  const started = ask(service, 'POST', `/hub/api/users/${service.user}/server`)
  for (;;) {
    const response = await fetch(service.url + path, {
      headers: { authorization: `token ${service.token}` },
      redirect: 'manual',
    })
    await response.arrayBuffer()
    if (response.status === 200) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await started
}

async function openKernel(service: RunningContender): Promise<WebSocket> {
  const base = `/user/${service.user}/api/kernels`
  const { id } = (await (await ask(service, 'POST', base, { name: 'python3' })).json()) as { id: string }
  const address = `${service.url.replace('http', 'ws')}${base}/${id}/channels`
  const socket = new WebSocket(address, {
    headers: { authorization: `token ${service.token}` },
    perMessageDeflate: false,
  })
  await once(socket, 'open')
  return socket
}

/** The median of executing `pass`, to idle. */
async function measureRoundTrip(socket: WebSocket): Promise<number> {
  const times: number[] = []
  for (let turn = 0; turn < 200; turn += 1) {
    const start = performance.now()
    await execute(socket, 'pass')
    times.push(performance.now() - start)
  }
  return median(times)
}

/** Small requests through the proxy to the user's server, for five seconds. */
async function measureRequests(service: RunningContender, connections: number): Promise<number> {
  const address = `${service.url}/user/${service.user}/api`
  const flags = ['-t1', `-c${connections}`, '-d5s', '-H', `Authorization: token ${service.token}`, address]
  const { stdout } = await run('wrk', flags)
  if (/Non-2xx/.test(stdout)) throw new Error(`Not all requests were answered well:\n${stdout}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1])
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
