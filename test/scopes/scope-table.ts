import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const scopeTable = fileURLToPath(new URL('../../docs/scopes.md', import.meta.url))

/** A route, and the scopes that open it: to the user themselves, and to an administrator for others. */
export interface ScopeRow {
  own: string[]
  others: string[]
}

/** The table of `docs/scopes.md` by `METHOD /path`; `['any']` where every scope opens a route. */
export async function readScopeTable(): Promise<Map<string, ScopeRow>> {
  const lines = (await readFile(scopeTable, 'utf8')).split('\n')
  const rows = lines
    .filter((line) => /^\| `(?:GET|PUT|POST|PATCH|DELETE) /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  return new Map(
    rows.map(([, route = '', own = '', others = '']) => [route, { own: parse(own), others: parse(others) }]),
  )
}

function parse(cell: string): string[] {
  return cell === '—' ? [] : cell.split(' ')
}
