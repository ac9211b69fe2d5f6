#!/usr/bin/env node
// Runs the command on the project's own Node, so that the machine's may be older, with V8's compile cache on.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const node = join(top, 'node_modules', 'node', 'bin', 'node')
const [major] = process.versions.node.split('.').map(Number)

if (major >= 24) {
  module.enableCompileCache(join(top, 'node_modules', '.cache', 'cygnet'))
  await import('../src/main.ts')
} else if (existsSync(node)) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  const { status } = spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else {
  process.stderr.write(
    'The dependencies of Cygnet are not installed: run `npm start` or `npm ci` in its folder first.\n',
  )
  process.exitCode = 1
}
