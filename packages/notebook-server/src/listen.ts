import { once } from 'node:events'
import { chmod, lstat, rename, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { CygnetError, isSystemError } from '@cygnet/core/errors'

export type ListenAddress = { kind: 'socket'; path: string } | { kind: 'tcp'; host: string; port: number }

export interface Listening {
  address: ListenAddress
  /** Removes the socket's file, if it is still this server's. The connections are the server's own affair. */
  close(): Promise<void>
}

/** What the kernel takes for a socket's path, in bytes, and what is put behind it for a moment. */
const longestPath = 107
const suffix = '.new'

/**
 * Listens. A socket's file has mode 0600 and appears only once it takes connections; what a dead server left in its place is replaced.
 * @throws CygnetError `conflict` where another server listens there, `bad-request` for a path that is too long
 */
export function listen(server: Server, address: ListenAddress): Promise<Listening> {
  return address.kind === 'socket' ? listenOnSocket(server, address.path) : listenOnPort(server, address)
}

async function listenOnSocket(server: Server, path: string): Promise<Listening> {
  if (Buffer.byteLength(path + suffix) > longestPath) {
    throw new CygnetError('bad-request', `The socket's path is too long: ${path}`, {
      mend: `Use a path of at most ${longestPath - suffix.length} bytes.`,
    })
  }
  if (await isAnswered(path)) {
    throw new CygnetError('conflict', `Another server listens on ${path}.`, { mend: 'Stop it first.' })
  }
  const fresh = path + suffix
  await rm(fresh, { force: true })
  const mask = process.umask(0o177)
  try {
    server.listen({ path: fresh })
  } finally {
    process.umask(mask)
  }
  await listeningOrError(server, path)
  await chmod(fresh, 0o600)
  await rename(fresh, path)
  const { ino } = await lstat(path)
  return {
    address: { kind: 'socket', path },
    async close() {
      const now = await lstat(path).catch(() => undefined)
      if (now?.ino === ino) await rm(path, { force: true })
    },
  }
}

async function listenOnPort(server: Server, { host, port }: { host: string; port: number }): Promise<Listening> {
  server.listen({ host, port })
  await listeningOrError(server, `${host}:${port}`)
  const actual = server.address() as AddressInfo
  return { address: { kind: 'tcp', host, port: actual.port }, close: async () => undefined }
}

async function listeningOrError(server: Server, where: string): Promise<void> {
  try {
    await once(server, 'listening')
  } catch (cause) {
    if (isSystemError(cause, 'EADDRINUSE')) {
      throw new CygnetError('conflict', `Another program listens on ${where}.`, { cause, mend: 'Choose another port.' })
    }
    if (isSystemError(cause, 'EACCES', 'ENOENT', 'EADDRNOTAVAIL', 'EINVAL', 'ENOTFOUND')) {
      throw new CygnetError('bad-request', `Cannot listen on ${where}: ${cause.message}.`, { cause })
    }
    throw cause
  }
}

/** True where a server takes connections on a socket's path. */
async function isAnswered(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined)
  if (status === undefined) return false
  if (!status.isSocket()) {
    throw new CygnetError('conflict', `${path} exists and is no socket.`, { mend: 'Choose another path.' })
  }
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
    probe.once('connect', () => probe.destroy())
  })
}
