import type { LabManifest } from './bundle.ts'

/** JupyterLab's page. Nothing on it runs but the bundle; what it needs to know is in `jupyter-config-data`. */
export function renderPage(basePath: string, manifest: LabManifest, config: Record<string, unknown>): string {
  const asset = (path: string): string => escapeAttribute(`${basePath}static/lab/${path}`)
  const icon = (kind: 'idle' | 'busy', spare: string): string => {
    const own = manifest.icons[kind]
    const href = own === undefined ? escapeAttribute(`${basePath}static/favicons/${spare}`) : asset(own)
    const type = own?.endsWith('.svg') ? 'image/svg+xml' : 'image/x-icon'
    return `<link rel="${kind === 'idle' ? 'icon' : ''}" type="${type}" href="${href}" class="${kind} favicon">`
  }
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>JupyterLab</title>',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    icon('idle', 'favicon.ico'),
    icon('busy', 'favicon-busy-1.ico'),
    ...manifest.preload.map((path) => `<link rel="modulepreload" href="${asset(path)}">`),
    ...manifest.css.map((path) => `<link rel="stylesheet" href="${asset(path)}">`),
    `<script id="jupyter-config-data" type="application/json">${escapeJson(config)}</script>`,
    ...manifest.entry.map((path) => `<script type="module" src="${asset(path)}"></script>`),
    '</head><body class="jp-ThemedContainer"></body></html>',
  ].join('\n')
}

/** JSON within a script element: nothing in it may end the element. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
