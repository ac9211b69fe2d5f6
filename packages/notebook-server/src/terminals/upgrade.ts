import type { Logger } from '@cygnet/core/log'
import type { UpgradeHandler } from '../wire/upgrade-handler.ts'
import { createWebSockets, refuseUpgrade, type WebSockets } from '../wire/web-sockets.ts'
import type { TerminalManager } from './terminal-manager.ts'

/** What is pasted comes in one message. */
const maxPayload = 16 * 1024 * 1024

/** `/terminals/websocket/:name`: a terminal in terminado's protocol. */
export function createTerminalUpgrade(parts: { terminals: TerminalManager; logger: Logger }): UpgradeHandler {
  const { terminals, logger } = parts
  let webSockets: WebSockets | undefined
  return (request, socket, head, path) => {
    const [, name] = /^\/terminals\/websocket\/([\w.-]+)\/?$/.exec(path) ?? []
    if (name === undefined) return false
    if (!terminals.has(name)) {
      refuseUpgrade(socket, '404 Not Found', `Terminal not found: ${name.slice(0, 100)}`)
      return true
    }
    webSockets ??= createWebSockets({ maxPayload })
    webSockets.accept(request, socket, head, (webSocket) => {
      if (!terminals.has(name)) return webSocket.close(1000, 'The terminal has ended.')
      logger.debug({ terminal: name }, 'A client connects to a terminal.')
      terminals.get(name).attach(webSocket)
    })
    return true
  }
}
