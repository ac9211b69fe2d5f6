import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cygnet } from '../support/command.ts'
import { removeData, startService, type RunningService } from '../support/service.ts'
import { createVisitor } from '../support/visitor.ts'

let service: RunningService

beforeAll(async () => {
  service = await startService()
})

afterAll(async () => {
  await service.stop()
  await removeData(service)
})

test('users are added, listed and removed, with passwords from standard input', async () => {
  expect(await cygnet(service.data, ['user', 'add', 'grace', '--admin'], 'a good password\n')).toMatchObject({
    code: 0,
  })
  const list = await cygnet(service.data, ['user', 'list', '--json'])
  expect(JSON.parse(list.output)).toContainEqual(expect.objectContaining({ name: 'grace', admin: true }))
  await signIn('grace', 'a good password', 302)

  expect(await cygnet(service.data, ['user', 'passwd', 'grace'], 'another password\n')).toMatchObject({ code: 0 })
  await signIn('grace', 'a good password', 403)
  await signIn('grace', 'another password', 302)

  expect(await cygnet(service.data, ['user', 'remove', 'grace'])).toMatchObject({ code: 0 })
  await signIn('grace', 'another password', 403)
})

test('a link is printed alone, opens without an account, and ends', async () => {
  await cygnet(service.data, ['user', 'add', 'ada'], 'a good password\n')
  const visitor = await signIn('ada', 'a good password', 302)
  await visitor.send('PUT', '/api/v1/trees/home/content?path=notes.txt', 'shared words')
  const created = await cygnet(service.data, ['share', 'create', 'ada', 'notes.txt', '--link'])
  expect(created).toMatchObject({ code: 0, errors: '' })
  expect(created.output).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/s\/[\w-]+\n$/)

  const stranger = createVisitor(service.url)
  const token = created.output.trim().split('/').at(-1) ?? ''
  const content = await stranger.send('GET', `/api/v1/trees/link-${token}/content?path=`)
  expect(await content.text()).toBe('shared words')

  const [share] = JSON.parse((await cygnet(service.data, ['share', 'list', 'ada', '--json'])).output) as Array<{
    id: string
  }>
  expect(await cygnet(service.data, ['share', 'revoke', 'ada', share?.id ?? ''])).toMatchObject({ code: 0 })
  expect((await stranger.request('GET', `/api/v1/trees/link-${token}/content?path=`)).status).toBe(404)
})

test('a token works until it is revoked', async () => {
  await cygnet(service.data, ['user', 'add', 'tim'], 'a good password\n')
  const token = (await cygnet(service.data, ['token', 'create', 'tim', '--note', 'a test'])).output.trim()
  const who = async (): Promise<number> =>
    (await fetch(`${service.url}/hub/api/user`, { headers: { authorization: `token ${token}` } })).status
  expect(await who()).toBe(200)
  const list = JSON.parse((await cygnet(service.data, ['token', 'list', 'tim', '--json'])).output) as Array<{
    id: string
  }>
  expect(await cygnet(service.data, ['token', 'revoke', 'tim', list[0]?.id ?? ''])).toMatchObject({ code: 0 })
  expect(await who()).toBeGreaterThanOrEqual(401)
})

test('a token is made for what it is to do, and shows it', async () => {
  await cygnet(service.data, ['user', 'add', 'eve'], 'a good password\n')
  const scope = ['read:users:name!user', 'read:servers!user']
  const made = await cygnet(service.data, ['token', 'create', 'eve', '--days', '1', '--scope', ...scope])
  const list = await cygnet(service.data, ['token', 'list', 'eve', '--json'])
  expect(JSON.parse(list.output)).toMatchObject([
    { scopes: ['read:servers!user=eve', 'read:users:groups!user=eve', 'read:users:name!user=eve'] },
  ])
  const headers = { authorization: `token ${made.output.trim()}` }
  expect((await fetch(`${service.url}/api/v1/server`, { headers })).status).toBe(200)
  expect((await fetch(`${service.url}/api/v1/shares`, { headers })).status).toBe(403)
})

test.each([
  [['user', 'add', 'Bad Name'], 'a good password\n', /lower-case letters/],
  [['user', 'add', 'x'.repeat(300)], 'a good password\n', /at most|64/],
  [['user', 'add', 'nobody'], '', /no password on standard input/],
  [['user', 'add', 'short'], 'short\n', /at least 8/],
  [['user', 'passwd', 'unknown'], 'a good password\n', /no (?:such )?user/i],
  [['share', 'create', 'admin', 'none.txt', '--link'], '', /none\.txt|no such/i],
  [['share', 'create', 'admin', '../../etc/passwd', '--link'], '', /\.\.|outside|no such/i],
  [['share', 'create', 'admin', 'x'], '', /--link or --with/],
  [['token', 'revoke', 'admin', 'none'], '', /token/i],
  [['token', 'create', 'admin', '--scope', 'nonsense'], '', /Scope 'nonsense' for token does not exist/],
  [['start', '--port', 'eighty'], '', /number from 0 to 65535/],
  [['start', '--port', '0'], '', /already running/],
  [['frobnicate'], '', /unknown command/],
])('bad input is answered clearly: %j', async (args, input, expected) => {
  const result = await cygnet(service.data, args, input)
  expect(result.code).not.toBe(0)
  expect(result.output).toBe('')
  expect(result.errors).toMatch(expected)
  expect(result.errors).not.toMatch(/ at .*\.ts:/)
})

test('the command works on the data of a service that does not run', async () => {
  const other = await startService()
  await other.stop()
  try {
    expect(await cygnet(other.data, ['user', 'add', 'eve'], 'a good password\n')).toMatchObject({ code: 0 })
    const users = JSON.parse((await cygnet(other.data, ['user', 'list', '--json'])).output) as Array<{ name: string }>
    expect(users.map((user) => user.name)).toContain('eve')
  } finally {
    await removeData(other)
  }
})

test('a port that is taken and a folder that is no folder are named', async () => {
  const port = new URL(service.url).port
  const taken = await cygnet(join(service.data, 'other'), ['start', '--port', port])
  expect(taken).toMatchObject({ code: 1, output: '' })
  expect(taken.errors).toMatch(new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is taken`))

  await mkdir(join(service.data, 'kept'), { recursive: true })
  await writeFile(join(service.data, 'kept', 'file'), '')
  const noFolder = await cygnet(join(service.data, 'kept', 'file'), ['start', '--port', '0'])
  expect(noFolder.code).toBe(1)
  expect(noFolder.errors).toMatch(/data folder .*file cannot be made/)
})

async function signIn(name: string, password: string, status: number) {
  const visitor = createVisitor(service.url)
  const page = await (await visitor.send('GET', '/hub/login')).text()
  const xsrf = /name="_xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const form = new URLSearchParams({ username: name, password, _xsrf: xsrf })
  expect((await visitor.request('POST', '/hub/login', form)).status).toBe(status)
  return visitor
}
