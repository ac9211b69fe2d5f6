import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { openFront, serveHttp } from './testing/front.ts'

const publicUrl = 'https://lab.example.org/cygnet'
const page = { accept: 'text/html' }

/** Says what it was asked for, and sets a cookie for the whole host. */
const serveEcho = () =>
  serveHttp((request, response) => {
    response.setHeader('set-cookie', 'theme=dark; Path=/')
    response.end(`${request.url} ${String(request.headers['x-forwarded-prefix'])}`)
  })

test.each(['/cygnet', ''])('a server is asked below its base path where a visitor asks below “%s”', async (passed) => {
  await using upstream = await serveEcho()
  await using front = await openFront(upstream.address, { publicUrl })
  const url = `http://127.0.0.1:${front.port}${passed}`
  const answer = await fetch(`${url}/user/ada/api/contents/a%2Fb?x=/user/ada/`, {
    headers: { 'x-forwarded-prefix': '/x' },
  })
  expect(await answer.text()).toBe('/cygnet/user/ada/api/contents/a%2Fb?x=/user/ada/ undefined')
  expect(answer.headers.get('set-cookie')).toBe('theme=dark; Path=/cygnet/user/ada/')
  for (const path of ['/user/ada/../bob/', '/user/ada/%2e%2e/x', '/cygnet/user/bob/'])
    expect(await front.exchange(`GET ${passed}${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 40[034] /,
    )

  const sockets = new WebSocketServer({ noServer: true })
  upstream.server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (webSocket) => webSocket.send(String(request.url))),
  )
  const webSocket = new WebSocket(`${url.replace('http', 'ws')}/user/ada/terminals/websocket/1?a=b`)
  const [message] = (await once(webSocket, 'message')) as [Buffer]
  expect(message.toString()).toBe('/cygnet/user/ada/terminals/websocket/1?a=b')
  webSocket.close()
})

test('a server of another base path answers programs, and people hear what to do', async () => {
  await using upstream = await serveEcho()
  await using front = await openFront(upstream.address, { publicUrl, startedAt: '/user/ada/' })
  const url = `http://127.0.0.1:${front.port}/cygnet/user/ada`
  expect(await (await fetch(`${url}/api/kernels?a`)).text()).toBe('/user/ada/api/kernels?a undefined')
  const shown = await fetch(`${url}/lab`, { headers: page })
  expect(shown.status).toBe(409)
  const text = await shown.text()
  expect(text).toContain('stop it and start it again')
  expect(text).toContain('href="/cygnet/"')
})

test('a page of a server that starts leads to its progress below the base path', async () => {
  await using upstream = await serveEcho()
  await using front = await openFront(upstream.address, { publicUrl })
  front.route = { at: 'starting' }
  const url = `http://127.0.0.1:${front.port}/cygnet/user/ada/lab?x=1`
  const answer = await fetch(url, { headers: page, redirect: 'manual' })
  expect(answer.headers.get('location')).toBe('/cygnet/start?next=%2Fcygnet%2Fuser%2Fada%2Flab%3Fx%3D1')
})
