import { runDemo } from './demo.ts'

const keep = process.argv.includes('--keep')

try {
  await runDemo({ print: (line) => process.stdout.write(`${line}\n`), keep })
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
