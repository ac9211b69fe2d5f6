/** What proves to the service that a change comes from its own pages. */
export function xsrfHeaders(): Record<string, string> {
  const token = xsrfToken()
  return token === undefined ? {} : { 'X-XSRFToken': token }
}

export function xsrfToken(): string | undefined {
  for (const part of document.cookie.split(';')) {
    const [name, ...value] = part.trim().split('=')
    if (name === '_xsrf') return decodeURIComponent(value.join('='))
  }
  return undefined
}
