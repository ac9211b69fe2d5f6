/**
 * Copies a text; where the page may not use the clipboard (an address without https), it is selected in `field` and copied from there.
 * Resolves to false where neither worked: the text stays selected, and the user's own keys copy it.
 */
export async function copyText(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    field?.select()
    // Deprecated, and the only way without https.
    return document.execCommand('copy')
  }
}
