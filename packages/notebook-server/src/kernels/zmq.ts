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

/** Not connected yet: what watches its events must be there before. */
export function createDealer(zmq: Zmq, routingId: string): zeromq.Dealer {
  return new zmq.Dealer({ ...common, routingId, receiveHighWaterMark: 0 })
}

/** Not connected yet. Without a high water mark: where a kernel finds a full queue it drops output. What waits is bounded further on. */
export function createSubscriber(zmq: Zmq): zeromq.Subscriber {
  const socket = new zmq.Subscriber({ ...common, receiveHighWaterMark: 0 })
  socket.subscribe()
  return socket
}
