/** What a token can be made for on this page, beside all that its user may; other scopes are made with a program. */
export const tokenPurposes = [
  { value: '', label: 'All that I may do' },
  { value: 'access:servers!user', label: 'Use my server while it runs' },
  { value: 'access:servers!user servers!user', label: 'Start, stop and use my server' },
  { value: 'read:cygnet:files!user', label: 'Read my files' },
  { value: 'cygnet:files!user', label: 'Read, change and share my files' },
  { value: 'read:users!user read:servers!user', label: 'See my account and server' },
] as const

/** The scopes that every token has: it says whose it is. */
const always = new Set(['read:users:name', 'read:users:groups'])
/** Whoever has all of these has everything. */
const everything = ['access:servers', 'cygnet:account', 'cygnet:files', 'servers', 'tokens']

/** What a token may do, for its owner to read. */
export function describeScopes(scopes: readonly string[], name: string): string {
  const own = `!user=${name}`
  const names = scopes.map((scope) => (scope.endsWith(own) ? scope.slice(0, -own.length) : scope))
  if (everything.every((scope) => names.includes(scope))) return 'all that you may do'
  const purpose = tokenPurposes.find(({ value }) => value !== '' && isJust(value, names))
  if (purpose !== undefined) return purpose.label.toLowerCase().replaceAll(/\bmy\b/g, 'your')
  const shown = names.filter((scope) => !always.has(scope))
  return shown.length === 0 ? 'only say whose it is' : shown.join(', ')
}

/** Whether these are the scopes of a purpose, or those that they include, and no others. */
function isJust(value: string, names: readonly string[]): boolean {
  const wanted = value.split(' ').map((scope) => scope.replace('!user', ''))
  const isIncluded = (name: string): boolean =>
    always.has(name) || wanted.some((scope) => name === scope || included[scope]?.includes(name) === true)
  return wanted.every((scope) => names.includes(scope)) && names.every(isIncluded)
}

const included: Record<string, readonly string[]> = {
  servers: ['read:servers', 'start:servers', 'delete:servers'],
  'cygnet:files': ['read:cygnet:files'],
  'read:users': ['read:users:activity'],
}
