/** Paths as the contract has them: `/` between components, no leading slash, empty for the root. */

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** The folder something is in; the root is in itself. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The folders that lead to a path, each with its name, without the root. */
export function trailOf(path: string): Array<{ name: string; path: string }> {
  const names = path === '' ? [] : path.split('/')
  return names.map((name, index) => ({ name, path: names.slice(0, index + 1).join('/') }))
}

/** `report.final.ipynb` is `report.final` and `.ipynb`; a leading dot begins a hidden name, no extension. */
export function splitName(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  if (dot <= 0) return { stem: name, extension: '' }
  return { stem: name.slice(0, dot), extension: name.slice(dot) }
}

/** The first of `name`, `name (2)`, `name (3)` … that is not taken. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  const { stem, extension } = splitName(name)
  for (let number = 2; ; number++) {
    const candidate = `${stem} (${number})${extension}`
    if (!taken.has(candidate)) return candidate
  }
}

/** What is wrong with a name for a file or folder, or undefined. The service has the last word. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'Enter a name.'
  if (name === '.' || name === '..') return `“${name}” stands for a folder already. Choose another name.`
  if (name.includes('/')) return 'A name has no slash in it.'
  if (name.includes('\0')) return 'This name has a character that no file name can have.'
  // A byte that is no UTF-8 is shown as `‛E9`.
  if (new TextEncoder().encode(name.replaceAll(/\u201b[89A-F][0-9A-F]/g, 'x')).length > 255)
    return 'The name is too long: it may have 255 bytes.'
  return undefined
}

/**
 * Where a link in a document leads, within the tree: resolved against the document's folder.
 * Undefined where it leaves the tree or is no relative path.
 */
export function resolvePath(folder: string, reference: string): string | undefined {
  if (/^(?:[a-z][a-z\d+.-]*:|\/|\\|#|\?|$)/i.test(reference)) return undefined
  const parts = folder === '' ? [] : folder.split('/')
  const [withoutHash = ''] = reference.split(/[?#]/)
  let decoded: string
  try {
    decoded = decodeURIComponent(withoutHash)
  } catch {
    return undefined
  }
  for (const part of decoded.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}
