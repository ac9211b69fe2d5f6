import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeConfig } from './config-help.ts'
import { parseConfig, readConfigFile } from './config.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cygnet-config-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('everything has a default and a help text', () => {
  expect(parseConfig({})).toMatchObject({ host: '127.0.0.1', port: 8000, servers: { cores: { default: 1 } } })
  expect(describeConfig().filter((key) => key.help === '')).toEqual([])
  expect(describeConfig().map((key) => key.key)).toContain('servers.memoryGiB.max')
})

test.each([
  ['prot: 80', /prot/],
  ['port: eighty', /port/],
  ['port: 70000', /port/],
  ['servers: {cores: {max: 0}}', /servers\.cores\.max/],
  ['{', /no valid YAML/],
])('a wrong file is refused by key: %s', async (text, expected) => {
  const path = join(folder, 'config.yaml')
  await writeFile(path, text)
  await expect(readConfigFile(path)).rejects.toThrow(expected)
  await expect(readConfigFile(path)).rejects.toThrow(path)
})

test('a file that is not there is named', async () => {
  await expect(readConfigFile(join(folder, 'none.yaml'))).rejects.toThrow(
    /none\.yaml cannot be read: it does not exist/,
  )
})
