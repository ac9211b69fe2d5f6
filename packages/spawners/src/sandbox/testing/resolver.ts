/**
 * A resolver for tests, at the address and port 53, that answers each query for an IPv4 address with 192.0.2.77; then it runs a
 * command until it is told to end, which the command is told, too.
 *
 *   resolver.ts ADDRESS PROGRAM [ARGUMENT...]
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const [address, program = '', ...args] = process.argv.slice(2)
const resolver = createSocket('udp4')
resolver.on('message', (query, from) => resolver.send(answerName(query), from.port, from.address))
resolver.bind(53, address)
await once(resolver, 'listening')
const child = spawn(program, args, { stdio: 'inherit' })
process.on('SIGTERM', () => child.kill('SIGTERM'))
await once(child, 'exit')
resolver.close()

function answerName(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5
  const isV4 = query.readUInt16BE(end - 4) === 1
  const header = Buffer.from([0x81, 0x80, 0, 1, 0, isV4 ? 1 : 0, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77])
  return Buffer.concat([query.subarray(0, 2), header, query.subarray(12, end), ...(isV4 ? [record] : [])])
}
