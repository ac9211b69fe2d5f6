import { WebSocket } from 'ws'

/** A browser without a page: keeps cookies, sends the XSRF header, follows nothing. */
export interface Visitor {
  readonly url: string
  /** Sends a request; a body that is no string or bytes goes as JSON. @throws Error with the answer where it is no success */
  send(method: string, path: string, body?: unknown): Promise<Response>
  /** {@link send}, and the JSON of the answer. */
  json<T>(method: string, path: string, body?: unknown): Promise<T>
  /** Like {@link send}, whatever the status. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  open(path: string, protocol?: string): WebSocket
}

export function createVisitor(url: string): Visitor {
  const cookies = new Map<string, string>()

  async function request(
    method: string,
    path: string,
    body?: unknown,
    extra: Record<string, string> = {},
  ): Promise<Response> {
    const headers: Record<string, string> = { cookie: cookieHeader(), origin: url, ...extra }
    const xsrf = cookies.get('_xsrf')
    if (xsrf !== undefined) headers['x-xsrftoken'] = xsrf
    const init: RequestInit = { method, headers, redirect: 'manual' }
    if (body !== undefined) {
      init.body = toBody(body)
      headers['content-type'] ??= bodyType(body)
    }
    const response = await fetch(new URL(path, url), init)
    for (const line of response.headers.getSetCookie()) keep(line)
    return response
  }

  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await request(method, path, body)
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }

  return {
    url,
    request,
    send,
    json: async <T>(method: string, path: string, body?: unknown) =>
      (await (await send(method, path, body)).json()) as T,
    open: (path, protocol) => {
      const address = new URL(path, url.replace(/^http/, 'ws'))
      return new WebSocket(address, protocol === undefined ? [] : [protocol], {
        origin: url,
        headers: { cookie: cookieHeader() },
      })
    },
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const [name = '', ...value] = pair.split('=')
    const gone = attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute))
    if (gone) cookies.delete(name.trim())
    else cookies.set(name.trim(), value.join('='))
  }

  function cookieHeader(): string {
    return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }
}

function toBody(body: unknown): string | Uint8Array<ArrayBuffer> | URLSearchParams {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body
  if (body instanceof Uint8Array) return new Uint8Array(body)
  return JSON.stringify(body)
}

function bodyType(body: unknown): string {
  if (body instanceof URLSearchParams) return 'application/x-www-form-urlencoded'
  return typeof body === 'string' || body instanceof Uint8Array ? 'application/octet-stream' : 'application/json'
}
