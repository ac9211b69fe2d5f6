import type { WebSocket } from 'ws'
import type { UpgradeHandler } from '../wire/upgrade-handler.ts'
import { createWebSockets } from '../wire/web-sockets.ts'
import type { EventBus } from './event-bus.ts'

/** A subscriber that takes nothing more than this behind is dropped: events are news, not a journal. */
const largestBacklog = 1024 * 1024

/** `/api/events/subscribe`: what happens to files, as it happens. */
export function createEventsUpgrade(events: EventBus): UpgradeHandler {
  const sockets = createWebSockets({ maxPayload: 64 * 1024 })
  const open = new Set<WebSocket>()
  events.onClose(() => {
    for (const socket of open) socket.close(1001)
  })
  return (request, socket, head, path) => {
    if (!/^\/api\/events\/subscribe\/?$/.test(path)) return false
    sockets.accept(request, socket, head, (webSocket) => {
      open.add(webSocket)
      const unsubscribe = events.subscribe((event) => {
        if (webSocket.bufferedAmount > largestBacklog) webSocket.terminate()
        else webSocket.send(JSON.stringify(event))
      })
      webSocket.once('close', () => {
        open.delete(webSocket)
        unsubscribe()
      })
    })
    return true
  }
}
