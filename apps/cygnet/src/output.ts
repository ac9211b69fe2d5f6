import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import { CygnetError } from '@cygnet/core/errors'

/** Writes a line to standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Writes a line for people to standard error, so that standard output holds the result alone. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Prints a result: as JSON, or as the lines that `toLines` makes of it. */
export function printResult<T>(result: T, json: boolean, toLines: (result: T) => string[]): void {
  if (json) print(JSON.stringify(result, null, 2))
  else for (const line of toLines(result)) print(line)
}

/** Rows with aligned columns, the first row the heading. */
export function toTable(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Reads a new password: twice from the terminal without echo, or the first line of standard input where that is no terminal. */
export async function readPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const [line = ''] = (await text(process.stdin)).split(/\r?\n/)
    if (line === '') throw new CygnetError('bad-request', 'There was no password on standard input.')
    return line
  }
  const password = await ask(`Password for ${name}: `)
  if ((await ask('Once more: ')) !== password) throw new CygnetError('bad-request', 'The two passwords differ.')
  return password
}

async function ask(question: string): Promise<string> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  terminal.once('line', resolve)
  terminal.once('SIGINT', () => reject(new CygnetError('bad-request', 'No password was given.')))
  terminal.once('close', () => reject(new CygnetError('bad-request', 'No password was given.')))
  try {
    return await promise
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
