import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientsPython } from '../support/clients.ts'
import { cygnet } from '../support/command.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { startJupyterHub, type JupyterHub } from './jupyterhub.ts'

const password = 'a good password'
const execute = promisify(execFile)

let service: RunningService
let peer: JupyterHub

beforeAll(async () => {
  peer = await startJupyterHub(password)
  service = await startService()
  for (const name of ['ada', 'bob']) await cygnet(service.data, ['user', 'add', name], `${password}\n`)
  await cygnet(service.data, ['user', 'add', 'root', '--admin'], `${password}\n`)
})

afterAll(async () => {
  await peer.stop()
  await service.stop()
  await removeData(service)
})

interface Asked {
  status: number
  type: string
  body: Record<string, unknown>
}

interface Caller {
  ask(method: string, path: string, body?: unknown): Promise<Asked>
}

function createCaller(url: string, authorization?: string): Caller {
  return {
    async ask(method, path, body) {
      const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) }
      const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
      const answer = await fetch(url + path, { method, headers, redirect: 'manual', ...sent })
      const text = await answer.text()
      const type = answer.headers.get('content-type')?.split(';')[0] ?? ''
      return { status: answer.status, type, body: type === 'application/json' ? JSON.parse(text) : {} }
    },
  }
}

async function makeToken(url: string, name: string, request: object = {}): Promise<string> {
  const { status, body } = await createCaller(url).ask('POST', `/hub/api/users/${name}/tokens`, {
    auth: { username: name, password },
    ...request,
  })
  expect(status).toBe(201)
  return String(body['token'])
}

/** The same caller at both. */
async function both(name: string, request?: object): Promise<[ours: Caller, theirs: Caller]> {
  const callers = [service.url, peer.url].map(async (url) =>
    createCaller(url, `token ${await makeToken(url, name, request)}`),
  )
  return (await Promise.all(callers)) as [Caller, Caller]
}

const nobody = (authorization?: string): [Caller, Caller] => [
  createCaller(service.url, authorization),
  createCaller(peer.url, authorization),
]

type Question = [method: string, path: string, body?: unknown]

async function compare(callers: [Caller, Caller], questions: Question[]): Promise<void> {
  const [ours, theirs] = callers
  for (const question of questions) {
    const [our, their] = [await ours.ask(...question), await theirs.ask(...question)]
    expect([question, our.status, our.status < 400 ? '' : our.type]).toEqual([
      question,
      their.status,
      their.status < 400 ? '' : their.type,
    ])
    if (our.status >= 400) expect(our.body['status']).toBe(their.body['status'])
  }
}

const everything: Question[] = [
  ['GET', '/hub/api'],
  ['GET', '/hub/api/'],
  ['GET', '/hub/api/user'],
  ['GET', '/hub/api/users'],
  ['GET', '/hub/api/users/ada'],
  ['GET', '/hub/api/users/bob'],
  ['GET', '/hub/api/users/nobody'],
  ['GET', '/hub/api/users/ada/tokens'],
  ['GET', '/hub/api/users/bob/tokens'],
  ['GET', '/hub/api/users/nobody/tokens'],
  ['GET', '/hub/api/users/ada/tokens/a999'],
  ['GET', '/hub/api/users/ada/tokens/none'],
  ['GET', '/hub/api/users/bob/tokens/a999'],
  ['DELETE', '/hub/api/users/ada/tokens/a999'],
  ['DELETE', '/hub/api/users/bob/tokens/a999'],
  ['POST', '/hub/api/users/ada/tokens', '{"note"'],
  ['POST', '/hub/api/users/ada/tokens', { scopes: ['nonsense'] }],
  ['POST', '/hub/api/users/ada/tokens', { scopes: ['read:users!usr=ada'] }],
  ['POST', '/hub/api/users/ada/tokens', { scopes: ['admin:users'] }],
  ['POST', '/hub/api/users/ada/tokens', { scopes: ['servers!user=bob'] }],
  ['POST', '/hub/api/users/ada/tokens', { scopes: ['self'], roles: ['user'] }],
  ['POST', '/hub/api/users/ada/tokens', { roles: ['king'] }],
  ['POST', '/hub/api/users/ada/tokens', { roles: ['admin'] }],
  ['POST', '/hub/api/users/nobody/tokens', {}],
  ['DELETE', '/hub/api/users/nobody'],
  ['POST', '/hub/api/users/ada'],
  ['POST', '/hub/api/users/bob'],
  ['POST', '/hub/api/users/kim', { admin: 'yes' }],
  ['POST', '/hub/api/users/nobody/server'],
  ['DELETE', '/hub/api/users/nobody/server'],
  ['GET', '/hub/api/users/nobody/server/progress'],
  ['GET', '/hub/api/users/bob/server/progress'],
  ['DELETE', '/hub/api/users/bob/server'],
  ['GET', '/hub/api/nothing'],
]

/** Only of whoever may make tokens: JupyterHub looks at parts of it before it knows. */
const malformed: Question[] = [
  ['POST', '/hub/api/users/ada/tokens', { expires_in: 0 }],
  ['POST', '/hub/api/users/ada/tokens', { expires_in: 'x' }],
  ['POST', '/hub/api/users/ada/tokens', ['x']],
  ['POST', '/hub/api/users/ada/tokens', { scopes: 'self' }],
]

test('nobody, and whoever shows a wrong token, hears the same', async () => {
  for (const authorization of [undefined, 'token wrong', 'bearer 0123456789abcdef', 'Basic YTpi'])
    await compare(nobody(authorization), everything)
})

test('a user hears the same', async () => {
  await compare(await both('ada'), [...everything, ...malformed])
})

test('an administrator hears the same', async () => {
  await compare(await both('root'), [...everything, ...malformed])
})

test.each([
  'read:users:name!user',
  'read:users!user',
  'read:servers!user',
  'servers!user',
  'tokens!user',
  'read:tokens!user',
  'access:servers!user',
  'users:activity!user',
  'servers!server=ada/',
])('a token for %s hears the same', async (scope) => {
  // Beside: what it is made for makes no token that may do more, where JupyterHub gives it all of its owner’s.
  await compare(await both('ada', { scopes: [scope] }), everything)
})

test.each([
  ['ada', undefined],
  ['ada', ['read:users:name!user']],
  ['ada', ['read:servers!user']],
  ['root', ['list:users', 'read:users:activity']],
  ['root', ['list:users', 'read:roles:users', 'read:servers']],
])('what %s may read with %j is the same', async (name, scopes) => {
  const [ours, theirs] = await both(name, scopes === undefined ? {} : { scopes })
  for (const path of ['/hub/api/user', `/hub/api/users/${name}`]) {
    const [our, their] = [(await ours.ask('GET', path)).body, (await theirs.ask('GET', path)).body]
    expect(Object.keys(our).toSorted(), path).toEqual(Object.keys(their).toSorted())
    if (their['scopes'] !== undefined)
      expect((our['scopes'] as string[]).filter((scope) => !scope.includes('cygnet:'))).toEqual(their['scopes'])
  }
  if (name !== 'root') return
  const lists = await Promise.all([ours, theirs].map((caller) => caller.ask('GET', '/hub/api/users')))
  const [our, their] = lists.map(({ body }) =>
    (body as unknown as Array<Record<string, unknown>>).find((user) => user['name'] === 'ada'),
  )
  expect(Object.keys(our ?? {}).toSorted()).toEqual(Object.keys(their ?? {}).toSorted())
})

test.each([
  { scopes: ['nonsense'] },
  { scopes: ['servers!user=bob'] },
  { scopes: ['read:hub'] },
  { scopes: ['self'], roles: ['user'] },
  { roles: ['king'] },
])('the refusal of a token for %j reads the same', async (request) => {
  const [ours, theirs] = await both('ada')
  const ask = (caller: Caller) => caller.ask('POST', '/hub/api/users/ada/tokens', request)
  const [our, their] = [(await ask(ours)).body, (await ask(theirs)).body]
  expect(sorted(String(our['message']))).toBe(sorted(String(their['message'])))
})

test('a new token shows the same', async () => {
  const [ours, theirs] = await both('ada')
  const request = { scopes: ['read:users:name!user'], expires_in: 60, note: 'a trial' }
  const ask = (caller: Caller) => caller.ask('POST', '/hub/api/users/ada/tokens', request)
  const [our, their] = [await ask(ours), await ask(theirs)]
  expect(Object.keys(our.body).toSorted()).toEqual(Object.keys(their.body).toSorted())
  for (const field of ['kind', 'user', 'note', 'roles', 'session_id', 'last_activity', 'oauth_client'])
    expect(our.body[field], field).toEqual(their.body[field])
  expect(our.body['scopes']).toEqual((their.body['scopes'] as string[]).toSorted())
})

test('JupyterHub’s own client tells whose a token is, and that a wrong one is nobody’s', async () => {
  const token = await makeToken(service.url, 'ada', { scopes: ['access:servers!user'] })
  const brief = await makeToken(service.url, 'bob', { scopes: [] })
  const code = `
import json, sys
from jupyterhub.services.auth import HubAuth, HubOAuth
url, own, tokens = sys.argv[1], sys.argv[2], sys.argv[3:]
found = []
for kind in (HubAuth, HubOAuth):
    auth = kind(api_url=url, api_token=own, **({"oauth_client_id": "service-x", "oauth_redirect_uri": "/x"} if kind is HubOAuth else {}))
    found.append([auth.user_for_token(token, use_cache=False) for token in tokens])
print(json.dumps(found))
`
  const args = ['-c', code, `${service.url}/hub/api`, token, token, brief, 'wrong']
  const { stdout } = await execute(clientsPython(), args)
  const answer = [
    { name: 'ada', scopes: expect.arrayContaining(['access:servers!user=ada']) as string[] },
    { name: 'bob', kind: 'user' },
    null,
  ]
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject([answer, answer])
})

/** JupyterHub puts some of its messages in quotes, and lists scopes in any order. */
function sorted(message: string): string {
  return message
    .replace(/^"(.*)"$/, '$1')
    .replaceAll('\\', '')
    .replace(/(scopes )(\S+)( not held)/, (_, before: string, list: string, after: string) =>
      [before, list.split(',').toSorted().join(), after].join(''),
    )
}
