/** One of the systems that are measured side by side. */
export interface Contender {
  name: string
  /** Starts the service, and prepares a user and a token. */
  start(): Promise<RunningContender>
}

export interface RunningContender {
  /** Without a slash at the end. */
  url: string
  user: string
  /** A token of that user, with which their server is started and reached. */
  token: string
  /** How long the service took until it answered, in milliseconds. */
  ready: number
  /** The process ids of the service itself: hub and proxy, not the users' servers. */
  servicePids(): Promise<number[]>
  /** The process ids of the private network of the user's server, where it has one. */
  networkPids(): Promise<number[]>
  stop(): Promise<void>
}

/** Sends a request as the user. @throws Error for an answer that is no success, unless its status is among the expected */
export async function ask(
  { url, token }: RunningContender,
  method: string,
  path: string,
  body?: unknown,
  expected: number[] = [],
): Promise<Response> {
  const headers = { authorization: `token ${token}`, 'content-type': 'application/json' }
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
  const response = await fetch(url + path, init)
  if (!response.ok && !expected.includes(response.status))
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return response
}
