import type { Logger } from '@cygnet/core/log'
import type { UpgradeHandler } from '../wire/upgrade-handler.ts'
import { createWebSockets, refuseUpgrade, type WebSockets } from '../wire/web-sockets.ts'
import type { KernelManager } from './kernel-manager.ts'
import { v1Protocol } from './v1-protocol.ts'

/** Widgets upload whole files in one message. */
const maxPayload = 512 * 1024 * 1024

/** `/api/kernels/:id/channels?session_id=`: a kernel's channels as a WebSocket, in either of Jupyter's formats. */
export function createKernelUpgrade(parts: { manager: KernelManager; logger: Logger }): UpgradeHandler {
  const { manager, logger } = parts
  let webSockets: WebSockets | undefined
  return (request, socket, head, path) => {
    const [, id] = /^\/api\/kernels\/([^/]+)\/channels\/?$/.exec(path) ?? []
    if (id === undefined) return false
    if (!manager.has(id)) {
      refuseUpgrade(socket, '404 Not Found', `Kernel does not exist: ${id.slice(0, 100)}`)
      return true
    }
    const sessionId = new URL(request.url ?? '/', 'http://localhost').searchParams.get('session_id')
    webSockets ??= createWebSockets({ protocol: v1Protocol, maxPayload })
    webSockets.accept(request, socket, head, (webSocket) => {
      if (!manager.has(id)) return webSocket.close(1000, 'The kernel was shut down.')
      logger.debug({ kernel: id, session: sessionId?.slice(0, 100) }, 'A client connects to a kernel.')
      manager.get(id).clients.attach(webSocket, sessionId === null || sessionId === '' ? undefined : sessionId)
    })
    return true
  }
}
