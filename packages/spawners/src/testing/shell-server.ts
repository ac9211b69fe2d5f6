import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { Address } from '../spawner.ts'

/** A server for tests: it runs what it is sent, by bash, and answers with what that printed. */
export const shellServer = `
import { createServer } from 'node:http'
import { execFile } from 'node:child_process'
console.log('the shell server begins')
createServer(async (request, response) => {
  const script = Buffer.concat(await Array.fromAsync(request)).toString()
  execFile('bash', ['-c', script], { maxBuffer: 1e8 }, (error, out, err) =>
    response.end(JSON.stringify({ code: error ? (error.code ?? 1) : 0, out, err })))
}).listen(process.env.CYGNET_SOCKET)
`

/** Has the shell server run a script. */
export async function runIn(address: Address, script: string): Promise<{ code: number; out: string; err: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const target = address.kind === 'socket' ? { socketPath: address.path } : { host: address.host, port: address.port }
  const request = httpRequest({ ...target, method: 'POST', agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    response.on('end', () => resolve(text))
    response.on('error', reject)
  })
  request.on('error', reject)
  request.end(script)
  return JSON.parse(await promise) as { code: number; out: string; err: string }
}

/** Whether someone accepts connections there. */
export async function canConnect(address: Address): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = address.kind === 'socket' ? connect(address.path) : connect(address.port, address.host)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
