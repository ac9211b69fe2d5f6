import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'apps/**/*.test.tsx', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // One file at a time: many of them look at the memory and the processes of the whole machine.
    maxWorkers: 1,
    // On a machine that is shared, what hangs on another's load is tried again; at a desk it is to be seen.
    retry: process.env['CI'] === undefined ? 0 : 2,
  },
})
