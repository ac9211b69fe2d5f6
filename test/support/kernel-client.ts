import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { RawData, WebSocket } from 'ws'

/** An output as it stands in a notebook (nbformat 4). */
export type Output = Record<string, unknown> & { output_type: string }

interface Message {
  channel: string
  header: { msg_type: string }
  parent_header: { msg_id?: string }
  content: Record<string, unknown>
}

/** Runs code on a kernel's WebSocket (JSON messages) and resolves with its outputs once the kernel is idle again. */
export async function execute(socket: WebSocket, code: string): Promise<Output[]> {
  if (socket.readyState === socket.CONNECTING) await once(socket, 'open')
  const id = randomUUID()
  const header = {
    msg_id: id,
    msg_type: 'execute_request',
    username: '',
    session: id,
    version: '5.3',
    date: new Date().toISOString(),
  }
  const content = {
    code,
    silent: false,
    store_history: true,
    user_expressions: {},
    allow_stdin: false,
    stop_on_error: true,
  }
  const outputs: Output[] = []
  const { promise, resolve, reject } = Promise.withResolvers<Output[]>()
  let idle = false
  let replied = false
  const onMessage = (data: RawData): void => {
    const message = JSON.parse((data as Buffer).toString()) as Message
    if (message.parent_header.msg_id !== id) return
    const output = toOutput(message)
    if (output !== undefined) outputs.push(output)
    idle ||= message.header.msg_type === 'status' && message.content['execution_state'] === 'idle'
    replied ||= message.header.msg_type === 'execute_reply'
    if (idle && replied) resolve(outputs)
  }
  const onClose = (): void => reject(new Error('The kernel’s socket closed.'))
  socket.on('message', onMessage)
  socket.on('close', onClose)
  socket.send(JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content, buffers: [] }))
  try {
    return await promise
  } finally {
    socket.off('message', onMessage)
    socket.off('close', onClose)
  }
}

function toOutput({ header, content }: Message): Output | undefined {
  if (header.msg_type === 'stream') return { output_type: 'stream', name: content['name'], text: content['text'] }
  if (header.msg_type === 'error') return { output_type: 'error', ...content }
  if (header.msg_type === 'display_data')
    return { output_type: 'display_data', data: content['data'], metadata: content['metadata'] }
  if (header.msg_type !== 'execute_result') return undefined
  const { data, metadata, execution_count } = content
  return { output_type: 'execute_result', data, metadata, execution_count }
}
