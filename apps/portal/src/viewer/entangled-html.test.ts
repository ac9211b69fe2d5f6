import { expect, test } from 'vitest'
import { isEntangled } from './entangled-html.ts'

test('marks that are never ended are found out, honest ones are not', () => {
  expect(isEntangled('<b>'.repeat(100_000))).toBe(true)
  expect(isEntangled('<b></i>'.repeat(100_000))).toBe(true)
  expect(isEntangled('<font color=red>'.repeat(1_000) + '<p>a'.repeat(5_000))).toBe(true)
  expect(isEntangled('<div>'.repeat(60_000))).toBe(true)
  expect(isEntangled(`<svg>${'<path d=""/>'.repeat(20_000)}</svg>`)).toBe(false)
  expect(isEntangled('<p><b>a</b> <i>b<br></i></p>'.repeat(20_000))).toBe(false)
  expect(isEntangled(`<b>${'<p>a'.repeat(20_000)}`)).toBe(false)
})
