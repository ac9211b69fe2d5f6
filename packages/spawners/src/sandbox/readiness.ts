import { watch } from 'node:fs'
import { link, lstat, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { SessionFolder } from './session-folder.ts'
import { Waking } from './waking.ts'

/**
 * Waits until the server accepts connections, and gives its socket the name by which the service reaches it.
 *
 * The server makes its socket in a folder that is the user's own, who may put anything in its place at any time: a symbolic
 * link to another user's socket, or to that of a container engine. So the service never connects there. It makes a hard link
 * of whatever lies there in a folder that only the service may write to (link(2) follows no symbolic link), and only then
 * looks at what it has: a socket that belongs to the user. From then on the name and the socket belong together.
 *
 * @throws CygnetError `unavailable` where something else lies there; the signal's reason
 */
export async function waitForSocket(folder: SessionFolder, uid: number, signal: AbortSignal): Promise<void> {
  const waking = new Waking()
  const wake = (): void => waking.wake()
  const watcher = watch(folder.inner, wake)
  // Whatever ails the watching, a look never harms.
  watcher.on('error', wake)
  signal.addEventListener('abort', wake, { once: true })
  try {
    for (let delay = 1; ;) {
      const changed = waking.next()
      signal.throwIfAborted()
      const state = await admit(folder, uid)
      if (state === 'ready') return
      // Between bind() and listen() nothing tells of the change, but it takes no longer than that.
      delay = state === 'refusing' ? Math.min(delay * 2, 50) : 1
      await (state === 'refusing' ? Promise.race([changed, pause(delay)]) : changed)
    }
  } finally {
    signal.removeEventListener('abort', wake)
    watcher.close()
  }
}

type SocketState = 'absent' | 'refusing' | 'ready'

async function admit({ innerSocket, socket }: SessionFolder, uid: number): Promise<SocketState> {
  await rm(socket, { force: true })
  try {
    await link(innerSocket, socket)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'absent'
    // A folder has no hard links.
    if (isSystemError(error, 'EPERM')) throw noSocket()
    throw error
  }
  const info = await lstat(socket)
  if (!info.isSocket() || info.uid !== uid) {
    await rm(socket, { force: true })
    throw noSocket()
  }
  return (await accepts(socket)) ? 'ready' : 'refusing'
}

async function accepts(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', (error) => (isSystemError(error, 'ECONNREFUSED', 'EAGAIN') ? resolve(false) : reject(error)))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

function noSocket(): CygnetError {
  return new CygnetError('unavailable', 'The server did not make a unix socket of its own where it was to listen.', {
    mend: 'The program must listen on the unix socket that CYGNET_SOCKET names.',
  })
}
