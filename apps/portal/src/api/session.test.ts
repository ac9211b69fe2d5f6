import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHarness, type OpenHarness } from '../testing/open-harness.ts'

let harness: OpenHarness

beforeAll(async () => {
  harness = await openHarness()
})

afterAll(() => harness.close())

test('a next that stays on the service is kept, any other is dropped', async () => {
  const parse = (next: string) => harness.page.evaluate(`window.harness.parseNext(${JSON.stringify(next)}) ?? null`)
  expect(await parse('/user/ada/lab/tree/a b.ipynb?x=1#y')).toBe('/user/ada/lab/tree/a%20b.ipynb?x=1#y')
  for (const next of [
    '',
    'files',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    ' //evil.example',
  ])
    expect(await parse(next), next).toBeNull()
})
