import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'

const execute = promisify(execFile)
let bed: SandboxBed

beforeEach(async () => {
  bed = await createSandboxBed()
  await mkdir(bed.runtimeDir)
  if (isRoot) await execute('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'full', bed.runtimeDir])
})

afterEach(async () => {
  await bed.restart().sweep?.([])
  if (isRoot) await execute('umount', [bed.runtimeDir])
  await bed.close()
})

test.runIf(isRoot)('a full disk below the runtime folder is named, and nothing is left there', async () => {
  // Anywhere between full from the start and full right before the end.
  for (const free of [0, 4, 8, 16, 24, 32]) {
    const ballast = `${bed.runtimeDir}/ballast`
    await bed.startShell().then(
      async ({ handle }) => bed.spawner.stop(handle, new AbortController().signal),
      () => {},
    )
    await writeFile(ballast, Buffer.alloc((256 - free) * 1024)).catch(() => {})
    const outcome: unknown = await bed.startShell().catch((error: unknown) => error)
    if (outcome instanceof Error)
      expect(outcome, String(free)).toMatchObject({ code: 'insufficient-storage', mend: expect.any(String) as string })
    await bed.restart().sweep?.([])
    const left = await bed.leftovers()
    expect(left.filter((line) => !line.includes(' - tmpfs full '))).toEqual([])
    await rm(ballast)
  }
  const shell = await bed.startShell()
  expect(await shell.print('echo well')).toBe('well\n')
})
