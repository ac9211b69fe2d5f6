/* oxlint-disable node/no-process-env -- a program's composition root: the environment is read here and handed down */
import type * as program from '../program.ts'
import { createChunkLoader } from './chunk-loader.ts'

const folder = import.meta.dirname
const { runProgram } = createChunkLoader({ folder })('program.cjs') as typeof program

await runProgram({
  args: process.argv.slice(2),
  env: process.env,
  assets: `${folder}/assets`,
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  exit: (code) => process.exit(code),
  onSignal: (listener) => {
    process.once('SIGTERM', listener)
    process.once('SIGINT', listener)
  },
  onUncaught: (listener) => {
    process.on('uncaughtException', listener).on('unhandledRejection', listener)
    // Who started the server may be gone, and with it the other end of these.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  },
})
