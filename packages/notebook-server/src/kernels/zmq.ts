import type * as zeromq from 'zeromq'

export type Zmq = typeof zeromq

let loading: Promise<Zmq> | undefined

/** ZeroMQ's native part, loaded at the first use: it costs more than the rest of the server's start. */
export function loadZmq(): Promise<Zmq> {
  loading ??= import('zeromq').then((zmq) => {
    // Several sockets a client: the default of 1023 would be reached by a busy server.
    zmq.context.maxSockets = 16_384
    zmq.context.blocky = false
    return zmq
  })
  return loading
}

/** A kernel binds its sockets after we connect: ask often, so that its start does not wait for us. */
const common = { linger: 0, reconnectInterval: 25 } as const

export function openDealer(zmq: Zmq, address: string, routingId: string): zeromq.Dealer {
  const socket = new zmq.Dealer({ ...common, routingId, receiveHighWaterMark: 0 })
  socket.connect(address)
  return socket
}

/** Without a high water mark: where a kernel finds a full queue it drops output. What waits is bounded further on. */
export function openSubscriber(zmq: Zmq, address: string): zeromq.Subscriber {
  const socket = new zmq.Subscriber({ ...common, receiveHighWaterMark: 0 })
  socket.subscribe()
  socket.connect(address)
  return socket
}
