import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface TestBrowser {
  cookies: Map<string, string>
  /** The raw Set-Cookie headers of the last answer. */
  lastCookies: string[]
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** Sends a form as a page of the service would. */
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>
  /** Calls the API as a page of the service would. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  /** Opens the sign-in page and sends its form. */
  signIn(name: string, password: string, next?: string): Promise<Response>
}

const formType = 'application/x-www-form-urlencoded'

/** Keeps cookies and follows no redirect, as far as the service can tell a browser. */
export function createTestBrowser(url: string): TestBrowser {
  const cookies = new Map<string, string>()

  async function send(path: string, init: Exchange): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie === '' ? {} : { cookie }), ...init.headers }
    const response = await exchange(url + path, { ...init, headers })
    browser.lastCookies = response.headers.getSetCookie()
    for (const line of browser.lastCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  const browser: TestBrowser = {
    cookies,
    lastCookies: [],
    get: (path, headers = {}) => send(path, { method: 'GET', headers: { accept: 'text/html', ...headers } }),
    post: (path, form, headers = {}) =>
      send(path, {
        method: 'POST',
        body: new URLSearchParams(form).toString(),
        headers: { accept: 'text/html', origin: url, 'content-type': formType, ...headers },
      }),
    call: (method, path, body, headers = {}) =>
      send(path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: {
          accept: 'application/json',
          origin: url,
          'x-xsrftoken': cookies.get('_xsrf') ?? '',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      }),
    async signIn(username, password, next) {
      const path = next === undefined ? '/hub/login' : `/hub/login?next=${encodeURIComponent(next)}`
      const page = await (await browser.get(path)).text()
      const [, xsrf = ''] = /name="_xsrf" value="([^"]+)"/.exec(page) ?? []
      const [, action = ''] = /<form[^>]* action="([^"]+)"/.exec(page) ?? []
      return browser.post(action.replaceAll('&#38;', '&'), { username, password, _xsrf: xsrf })
    },
  }
  return browser
}

interface Exchange {
  method: string
  headers: Record<string, string>
  body?: string
}

/** As `fetch`, but it sends exactly these headers: `fetch` adds some of a browser's. */
async function exchange(url: string, { method, headers, body }: Exchange): Promise<Response> {
  const sent = request(url, { method, headers })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const fields = new Headers()
  for (const [name, values] of Object.entries(answer.headersDistinct))
    for (const value of values ?? []) fields.append(name, value)
  const bytes = new Uint8Array(await buffer(answer))
  const status = answer.statusCode ?? 0
  return new Response(status === 204 || status === 304 ? null : bytes, { status, headers: fields })
}
