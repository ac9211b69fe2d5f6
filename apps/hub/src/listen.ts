import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, type ListenOptions } from 'node:net'

/** Starts to listen on an address. @throws CygnetError that names the address and says what to do */
export async function listenOn(server: Server, host: string, port: number): Promise<{ port: number; url: string }> {
  try {
    await listening(server, { host, port })
  } catch (cause) {
    throw explain(cause, host, port)
  }
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  const shown = host.includes(':') ? `[${host}]` : host
  return { port: actual, url: `http://${shown}:${actual}` }
}

/**
 * Starts to listen on a unix socket that nobody but this user (and root) may open.
 * What a killed service left there is replaced. @throws CygnetError `conflict` where another service listens on it
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (await isAnswered(path))
    throw new CygnetError('conflict', `Another service uses the socket ${path}.`, { mend: 'Stop it first.' })
  await rm(path, { force: true })
  // The socket is made within this call, so there is no moment at which others could open it.
  const before = process.umask(0o177)
  const started = listening(server, { path })
  process.umask(before)
  await started
  await chmod(path, 0o600)
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options)
  await once(server, 'listening')
}

async function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.on('connect', () => resolve(true))
  socket.on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

function explain(cause: unknown, host: string, port: number): unknown {
  if (isSystemError(cause, 'EADDRINUSE'))
    return new CygnetError('conflict', `The port ${port} of ${host} is taken.`, {
      cause,
      mend: 'Stop what uses it, or choose another with --port.',
    })
  if (isSystemError(cause, 'EACCES'))
    return new CygnetError('forbidden', `The port ${port} of ${host} may not be used by this user.`, {
      cause,
      mend: 'Choose one above 1023 with --port.',
    })
  if (isSystemError(cause, 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'))
    return new CygnetError('bad-request', `This machine has no address ${host}.`, {
      cause,
      mend: 'Choose one of its own with --host; 0.0.0.0 is all of them.',
    })
  return cause
}
