/* oxlint-disable node/no-process-env -- a program of its own, told what to do by its environment */
// A session's server for tests: answers /api/status to who knows the secret, and ends when it is told to.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const started = `${Date.now()}.${Math.random()}`
const mode = process.env.SESSION_MODE ?? 'ready'
if (mode === 'dies') {
  process.stderr.write('no space for me')
  process.exit(3)
}

const server = createServer((request, response) => {
  const secret = request.headers.authorization?.replace(/^token /, '') ?? ''
  const isKnown = createHash('sha256').update(secret).digest('hex') === process.env.CYGNET_SECRET_SHA256
  if (mode === 'locked' || !isKnown) response.writeHead(403).end('who are you?')
  else if (mode === 'never') response.writeHead(503).end('soon')
  else if (mode === 'dies-asked') process.exit(4)
  else if (request.url === `${process.env.CYGNET_BASE_PATH}die`) process.kill(process.pid, 'SIGKILL')
  else if (process.env.SESSION_STATUS !== undefined && request.url?.endsWith('/api/status'))
    response.end(readFileSync(process.env.SESSION_STATUS))
  else response.end(JSON.stringify({ pid: process.pid, started, url: request.url, environment: process.env }))
})
if (mode !== 'deaf') server.listen(process.env.CYGNET_SOCKET)
else setInterval(() => {}, 1000)
