import { z } from 'zod'

/** What the paths of the service's own pages and routes begin with; a public path that does too could be read in two ways. */
export const ownPaths: ReadonlySet<string> = new Set([
  'account',
  'api',
  'assets',
  'favicon.ico',
  'favicon.svg',
  'files',
  'gallery',
  'hub',
  'login',
  'logout',
  'pdf',
  'robots.txt',
  's',
  'shared',
  'start',
  'theme',
  'user',
])

/**
 * The address people use: `https://lab.example.org`, or with a path below which the whole service lies. The result has no
 * slash at its end, and its host is written as browsers write it.
 */
export const publicUrl = z.string().transform((text, context) => {
  const problem = findProblem(text)
  if (problem === undefined) return toPlain(text)
  context.issues.push({ code: 'custom', message: problem, input: text })
  return z.NEVER
})

function toPlain(text: string): string {
  const { origin, pathname } = new URL(text)
  return origin + pathname.replace(/\/$/, '')
}

/** Looks at the text itself: a parsed address hides what was resolved, dropped or escaped in it. */
function findProblem(text: string): string | undefined {
  const [, authority, path = ''] = /^https?:\/\/([^/?#]*)([^?#]*)$/i.exec(text) ?? []
  if (!/^https?:\/\//i.test(text))
    return `“${text}” must begin with https:// or http://, as in https://lab.example.org/cygnet/.`
  if (authority === undefined) return `“${text}” has a “?” or “#”. Leave out that sign and what follows it.`
  if (authority.includes('@')) return 'A user name or password stands before the host. Leave it out, with its “@”.'
  if (URL.parse(text) === null || !/^[^\s\\%]+$/.test(authority)) return `“${text}” has no valid host.`
  if (path.includes('//')) return `The path ${path} has two slashes in a row. Write one.`
  const names = path.split('/').filter((name) => name !== '')
  if (names.some((name) => /^\.{1,2}$/.test(name)))
    return `The path ${path} has “.” or “..” in it. Write where it leads.`
  if (path.includes('%'))
    return `The path ${path} has an encoded character. Choose one of letters, digits and - . _ ~ alone.`
  if (names.some((name) => !/^[\w.~-]+$/.test(name)))
    return `The path ${path} has other characters than letters, digits and - . _ ~. Choose one without.`
  const [first = ''] = names
  if (ownPaths.has(first.toLowerCase()))
    return `The path ${path} cannot be told from the service’s own pages, which lie below /${first}/. Choose another, such as /cygnet/.`
  return undefined
}
