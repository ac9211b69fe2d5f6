import { expect, test } from 'vitest'
import { highlight } from './highlight.ts'

test('code is coloured, and escaped', () => {
  expect(highlight('x = "<b>"', 'python')).toBe('x = <span class="hljs-string">&quot;&lt;b&gt;&quot;</span>')
  expect(highlight(`${'a.'.repeat(20)}\n`.repeat(4_000), 'ini')).toContain('a.a.')
  expect(highlight('x', 'unknown')).toBeUndefined()
})

test('what no people wrote is left as it is: giant lines, words and gaps', () => {
  expect(highlight('[a]('.repeat(45_000), 'markdown')).toBeUndefined()
  expect(highlight('a.'.repeat(90_000), 'ini')).toBeUndefined()
  expect(highlight(`${'a.'.repeat(450)}\n`.repeat(200), 'ini')).toBeUndefined()
  expect(highlight('\n'.repeat(190_000), 'javascript')).toBeUndefined()
})
