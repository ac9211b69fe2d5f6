import { once } from 'node:events'
import { WebSocket } from 'ws'

/** terminado's client side. */
export interface TerminalSocket extends Disposable {
  readonly webSocket: WebSocket
  readonly messages: unknown[][]
  /** All that the terminal printed. */
  readonly text: string
  send(...message: unknown[]): void
}

export async function openTerminalSocket(
  url: string,
  name: string,
  headers: Record<string, string> = {},
): Promise<TerminalSocket> {
  const webSocket = new WebSocket(`${url.replace(/^http/, 'ws')}terminals/websocket/${name}`, { headers })
  const messages: unknown[][] = []
  let text = ''
  webSocket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as unknown[]
    messages.push(message)
    if (message[0] === 'stdout') text += String(message[1])
  })
  await once(webSocket, 'open')
  return {
    webSocket,
    messages,
    get text() {
      return text
    },
    send: (...message) => webSocket.send(JSON.stringify(message)),
    [Symbol.dispose]: () => webSocket.terminate(),
  }
}
