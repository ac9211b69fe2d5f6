import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isRoot } from './testing/bed.ts'
import { runAsOrdinaryUser } from './testing/ordinary-user.ts'

// Everything again, as the service of an ordinary user: what needs root is skipped there.
test.runIf(isRoot)('all of it works for the service of an ordinary user', { timeout: 600_000 }, async () => {
  expect(await runAsOrdinaryUser(dirname(fileURLToPath(import.meta.url)))).toBeGreaterThan(50)
})
