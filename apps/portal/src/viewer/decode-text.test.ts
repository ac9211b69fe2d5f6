import { expect, test } from 'vitest'
import { decodeText, looksLikeText } from './decode-text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('UTF-8, UTF-16 and Windows-1252 are read', () => {
  expect(decodeText(bytes('Zürich 影'))).toBe('Zürich 影')
  expect(decodeText(new Uint8Array([0xff, 0xfe, 0x5a, 0, 0xfc, 0]))).toBe('Zü')
  expect(decodeText(new Uint8Array([0xfe, 0xff, 0, 0x5a]))).toBe('Z')
  expect(decodeText(new Uint8Array([0x5a, 0xfc]))).toBe('Zü')
  expect(decodeText(new Uint8Array())).toBe('')
})

test('binary is told as such', () => {
  expect(decodeText(new Uint8Array([0x89, 0x50, 0, 1]))).toBeUndefined()
  expect(looksLikeText(new Uint8Array([1, 2, 3, 4, 5]))).toBe(false)
  expect(looksLikeText(bytes('plain'))).toBe(true)
  expect(looksLikeText(bytes('aü').subarray(0, 2))).toBe(true)
  expect(looksLikeText(new Uint8Array([0xc3, 0x28, 0x41]))).toBe(false)
  expect(looksLikeText(new Uint8Array())).toBe(true)
})

test('the colours of a terminal do not make a log binary', () => {
  expect(decodeText(bytes('\u001b[31mred\u001b[0m\n'))).toContain('red')
})
