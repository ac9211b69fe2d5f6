/** A token in the address signs in where no cookie does; it must not stay in the history or be copied with the address. */
export function removeTokenFromAddress(): void {
  const url = new URL(location.href)
  if (!url.searchParams.has('token')) return
  url.searchParams.delete('token')
  history.replaceState({}, '', url)
}
