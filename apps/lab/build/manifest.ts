import type { Rolldown } from 'vite'

/** What the page of the Lab loads; names are relative to the folder `static`. */
export interface Manifest {
  /** JupyterLab's version. */
  version: string
  /** Modules to run. */
  entry: string[]
  /** Modules that the entry imports, worth fetching at the same time. */
  preload: string[]
  css: string[]
  /** SVG icons of the page, JupyterLab swaps them. */
  icons: { idle: string; busy: string }
}

export function createManifest(output: Rolldown.RolldownOutput, version: string, icons: Manifest['icons']): Manifest {
  const chunks = new Map(output.output.flatMap((item) => (item.type === 'chunk' ? [[item.fileName, item]] : [])))
  const entries = [...chunks.values()].filter((chunk) => chunk.isEntry)
  const reached = new Set<Rolldown.OutputChunk>()
  for (const entry of entries) reach(entry, chunks, reached)
  return {
    version,
    entry: entries.map((chunk) => chunk.fileName),
    preload: [...reached].filter((chunk) => !chunk.isEntry).map((chunk) => chunk.fileName),
    css: [...new Set([...reached].flatMap((chunk) => [...(chunk.viteMetadata?.importedCss ?? [])]))],
    icons,
  }
}

/** Depth first, so that the style sheets come in the order in which they were imported. */
function reach(
  chunk: Rolldown.OutputChunk,
  chunks: Map<string, Rolldown.OutputChunk>,
  reached: Set<Rolldown.OutputChunk>,
): void {
  if (reached.has(chunk)) return
  for (const name of chunk.imports) {
    const imported = chunks.get(name)
    if (imported !== undefined) reach(imported, chunks, reached)
  }
  reached.add(chunk)
}
