import { scopeDefinitions } from '@cygnet/auth/scopes/definitions'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cygnet } from '../support/command.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { readScopeTable } from './scope-table.ts'

const scopes = [...scopeDefinitions.keys()]
/** Refused before anything is done, in the words of the guard, the tokens' route and the way into a server. */
const refusals = /Action is not authorized|No access to resources|no permissions to generate|used by its owner only/

/** What of each route is asked, so that nothing comes of it but that it was let in. */
const bodies: Record<string, unknown> = {
  'POST /hub/api/users/{name}': { admin: 'yes' },
  'POST /hub/api/users/{name}/tokens': { scopes: ['nonsense'] },
  'POST /hub/api/users/{name}/server': { release: 0 },
}
const queries: Record<string, string> = {
  '/api/v1/trees/{tree}/content': '?path=nothing/here',
  '/api/v1/trees/{tree}/entry': '?path=nothing/here',
  '/api/v1/trees/{tree}/archive': '?path=nothing/here',
  '/api/v1/people': '?query=a',
}

let service: RunningService
const tokens = new Map<string, string>()

beforeAll(async () => {
  service = await startService()
  await cygnet(service.data, ['user', 'add', 'ada'], 'a good password\n')
  for (const user of ['ada', 'admin'])
    tokens.set(user, (await cygnet(service.data, ['token', 'create', user])).output.trim())
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
})

test('every route opens to the scopes that the table names, and to no other', { timeout: 180_000 }, async () => {
  const table = await readScopeTable()
  const all = await findRoutes()
  const routes = [...all.keys()]
  expect([...table.keys()].toSorted()).toEqual(routes.toSorted())
  const found = new Map(routes.map((route) => [route, { own: [] as string[], others: [] as string[] }]))
  const makeable: string[] = []
  for (const scope of scopes) {
    const own = await makeToken('ada', /^(?:self|inherit)$/.test(scope) ? scope : `${scope}!user`)
    if (own !== undefined) makeable.push(scope)
    const others = await makeToken('admin', scope)
    for (const [route, isForOthers] of all) {
      if (own !== undefined && (await opens(route, 'ada', own))) found.get(route)?.own.push(scope)
      // A name that nobody has: an administrator of all is told so. Tokens are asked for in the name of somebody.
      const name = route.endsWith('/tokens') ? 'ada' : 'nobody'
      if (others !== undefined && isForOthers && (await opens(route, name, others)))
        found.get(route)?.others.push(scope)
    }
  }
  for (const [route, row] of found) {
    const own = row.own.length === makeable.length ? ['any'] : row.own
    expect([route, { ...row, own }]).toEqual([route, table.get(route)])
  }
})

/** All routes, and whether they can be about others than the caller. */
async function findRoutes(): Promise<Map<string, boolean>> {
  const answer = await fetch(`${service.url}/api/v1/openapi.json`)
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, { 'x-access': { of?: string } }>> }
  const declared = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => {
      const isForOthers = path.includes('{name}') || ['all', 'some'].includes(route['x-access'].of ?? '')
      return [`${method.toUpperCase()} ${path}`, isForOthers] as const
    }),
  )
  return new Map([...declared, ['GET /user/{name}/api/status', true]])
}

/** A token of this scope, or undefined where the owner has no such scope to give. */
async function makeToken(owner: string, scope: string): Promise<string | undefined> {
  const answer = await ask('POST', `/hub/api/users/${owner}/tokens`, tokens.get(owner) ?? '', { scopes: [scope] })
  const model = (await answer.json()) as { token?: string; message?: string }
  if (answer.status !== 201) expect([answer.status, model.message]).toEqual([400, expect.stringMatching('not held by')])
  return model.token
}

async function opens(route: string, name: string, token: string): Promise<boolean> {
  const [method = '', path = ''] = route.split(' ')
  const url = path
    .replace('{name}', name)
    .replace('{tree}', 'home')
    .replace(/\{\w+\}/g, 'none')
  const answer = await ask(method, url + (queries[path] ?? ''), token, method === 'GET' ? undefined : bodies[route])
  const text = await answer.text()
  return !refusals.test(text)
}

async function ask(method: string, path: string, token: string, body?: unknown): Promise<Response> {
  const sent = method === 'GET' || method === 'DELETE' ? {} : { body: JSON.stringify(body ?? {}) }
  return fetch(service.url + path, {
    method,
    headers: { authorization: `token ${token}` },
    redirect: 'manual',
    ...sent,
  })
}
