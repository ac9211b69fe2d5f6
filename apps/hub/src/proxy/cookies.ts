/**
 * A `Cookie` field without the hub's own cookies.
 * @returns undefined where nothing is left
 */
export function withoutHubCookies(cookie: string, hubCookies: ReadonlySet<string>): string | undefined {
  const kept = cookie.split(';').filter((pair) => !hubCookies.has(nameOf(pair)))
  const text = kept.join(';').trim()
  return text === '' ? undefined : text
}

/**
 * A `Set-Cookie` field of a session as the hub passes it on, what it does not concern untouched (written anew by the package
 * `cookie`, values would be encoded again and unknown attributes lost: the test “a session that sets … sets …” fails): never one of the hub's cookies, none without a name, and
 * only for the session's own path on this host, whatever it asks for (RFC 6265, 5.2).
 *
 * @param path - of the session: `/user/<name>/`
 * @returns undefined where it must not be passed on
 */
export function confineCookie(setCookie: string, path: string, hubCookies: ReadonlySet<string>): string | undefined {
  const [pair = '', ...attributes] = setCookie.split(';')
  const name = pair.includes('=') ? nameOf(pair) : ''
  // Browsers send back the value alone of a cookie without a name, and `=a=1` would come as a cookie a.
  if (name === '' || hubCookies.has(name)) return undefined
  let ownPath: string | undefined
  const kept = attributes.filter((attribute) => {
    const key = nameOf(attribute).toLowerCase()
    if (key === 'path') ownPath = attribute.slice(attribute.indexOf('=') + 1).trim()
    return key !== 'path' && key !== 'domain'
  })
  const confined = ownPath !== undefined && ownPath.startsWith(path) && !/[\\%]|\.\./.test(ownPath) ? ownPath : path
  return [pair, ...kept, ` Path=${confined}`].join(';')
}

/** Browsers take a pair without `=` for the value of a cookie without a name; here it must not pass as one with. */
function nameOf(pair: string): string {
  const equals = pair.indexOf('=')
  return (equals === -1 ? pair : pair.slice(0, equals)).trim()
}
