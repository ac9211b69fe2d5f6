import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { cygnetCommand } from './service.ts'

export interface CommandResult {
  code: number | null
  output: string
  errors: string
}

/** Runs the command `cygnet` on a data folder, with text on its standard input. */
export async function cygnet(data: string, args: string[], input = ''): Promise<CommandResult> {
  const child = spawn(process.execPath, [cygnetCommand, ...args, '--data', data], { stdio: 'pipe' })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.on('close', resolve)
  const [code, output, errors] = await Promise.all([promise, text(child.stdout), text(child.stderr)])
  return { code, output, errors }
}
