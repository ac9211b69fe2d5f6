import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeConfig } from './config-help.ts'

test('the operators’ page lists every key as the schema has it', async () => {
  const page = await readFile(fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url)), 'utf8')
  const rows = describeConfig().map((one) => {
    const type = one.type.replaceAll(' | ', ', ')
    return `| \`${one.key}\` | ${type} | ${one.default === undefined ? '' : `\`${one.default}\``} | ${one.help} |`
  })
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows)
})
