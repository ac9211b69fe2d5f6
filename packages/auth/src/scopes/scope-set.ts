/**
 * Scopes that are spelled out in full: each with what it is limited to, `user=<name>`, `server=<user>/<server>`,
 * `group=<name>` or `service=<name>`, or with `'all'`.
 */
export type ScopeSet = ReadonlyMap<string, 'all' | ReadonlySet<string>>

/** From spelled-out scopes such as `read:users!user=ada`; what another one covers is left out. */
export function createScopeSet(scopes: Iterable<string>): ScopeSet {
  const filters = new Map<string, Set<string> | 'all'>()
  for (const scope of scopes) {
    const { name, filter } = splitScope(scope)
    const known = filters.get(name)
    if (filter === undefined) filters.set(name, 'all')
    else if (known === undefined) filters.set(name, new Set([filter]))
    else if (known !== 'all') known.add(filter)
  }
  return filters
}

/** The scopes as JupyterHub writes them, in order. */
export function toScopeList(scopes: ScopeSet): string[] {
  return [...scopes]
    .flatMap(([name, filters]) => (filters === 'all' ? [name] : [...filters].map((filter) => `${name}!${filter}`)))
    .toSorted()
}

/** Whether a scope is held for what the filter names, or, without one, for everything. */
export function hasScope(scopes: ScopeSet, name: string, filter?: string): boolean {
  const held = scopes.get(name)
  return held !== undefined && (held === 'all' || (filter !== undefined && covers(held, filter)))
}

/** What both allow. */
export function intersectScopes(left: ScopeSet, right: ScopeSet): ScopeSet {
  const both = new Map<string, 'all' | ReadonlySet<string>>()
  for (const [name, ours] of left) {
    const theirs = right.get(name)
    if (theirs === undefined) continue
    const filters = intersectFilters(ours, theirs)
    if (filters === 'all' || filters.size > 0) both.set(name, filters)
  }
  return both
}

export function uniteScopes(left: ScopeSet, right: ScopeSet): ScopeSet {
  return createScopeSet([...toScopeList(left), ...toScopeList(right)])
}

/** Those of `wanted` that `held` does not cover. */
export function findExcess(wanted: ScopeSet, held: ScopeSet): string[] {
  return toScopeList(wanted).filter((scope) => {
    const { name, filter } = splitScope(scope)
    return !hasScope(held, name, filter)
  })
}

/** The name of a scope, and what stands behind its `!`. */
export function splitScope(scope: string): { name: string; filter: string | undefined } {
  const mark = scope.indexOf('!')
  return mark === -1
    ? { name: scope, filter: undefined }
    : { name: scope.slice(0, mark), filter: scope.slice(mark + 1) }
}

function intersectFilters(left: 'all' | ReadonlySet<string>, right: 'all' | ReadonlySet<string>) {
  if (left === 'all') return right
  if (right === 'all') return left
  return new Set([
    ...[...left].filter((filter) => covers(right, filter)),
    ...[...right].filter((filter) => covers(left, filter)),
  ])
}

/** A user's scope covers the servers of that user. */
function covers(held: ReadonlySet<string>, filter: string): boolean {
  if (held.has(filter)) return true
  const owner = /^server=([^/]*)\//.exec(filter)?.[1]
  return owner !== undefined && held.has(`user=${owner}`)
}
