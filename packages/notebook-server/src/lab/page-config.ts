import { homedir } from 'node:os'
import { isAbsolute, relative } from 'node:path'
import type { HubIdentity } from '../app.ts'
import { apiVersion } from '../api/routes.ts'

export interface PageConfigParts {
  basePath: string
  root: string
  hub?: HubIdentity | undefined
  browserToken?: string | undefined
  labVersion: string
}

/** What one page is about. */
export interface PageView {
  mode: 'multiple-document' | 'single-document'
  workspace: string
  treePath: string
  /** Set where there is no such page: JupyterLab says so and opens as usual. */
  notFoundUrl?: string
}

let pages = 0

/** JupyterLab's `PageConfig`. Source: jupyterlab_server/handlers.py and config.py, jupyterlab/labapp.py. */
export function toPageConfig(parts: PageConfigParts, view: PageView): Record<string, unknown> {
  const { basePath } = parts
  return {
    appName: 'JupyterLab',
    appNamespace: 'lab',
    appVersion: parts.labVersion,
    notebookVersion: JSON.stringify(apiVersion.split('.').map(Number)),
    baseUrl: basePath,
    wsUrl: '',
    token: parts.browserToken ?? '',
    // JupyterLab puts the token on WebSockets of the page's own host only where it is told to.
    ...(parts.browserToken !== undefined && { appendToken: 'true' }),
    ...view,
    ...urls(basePath),
    fullStaticUrl: `${basePath}static/lab`,
    fullMathjaxUrl: '',
    mathjaxConfig: '',
    frontendUrl: '/lab/',
    terminalsAvailable: true,
    allow_hidden_files: true,
    delete_to_trash: false,
    quitButton: false,
    cacheFiles: true,
    devMode: false,
    buildAvailable: false,
    buildCheck: false,
    exposeAppInBrowser: false,
    collaborative: false,
    notebookStartsKernel: true,
    copyAbsolutePath: false,
    store_id: pages++,
    serverRoot: shownRoot(parts.root),
    preferredPath: '/',
    news: { disabled: true },
    ignorePlugins: [],
    federated_extensions: [],
    deferredExtensions: [],
    disabledExtensions: [
      '@jupyterlab/apputils-extension:announcements',
      '@jupyterlab/extensionmanager-extension',
      '@jupyterlab/pluginmanager-extension',
    ],
    cygnet: true,
    ...hubConfig(parts.hub),
  }
}

/** Relative to the base path, and again in full. */
function urls(basePath: string): Record<string, string> {
  const paths: Record<string, string> = {
    app: '/lab',
    workspaces: '/lab/workspaces/',
    tree: '/lab/tree',
    settings: '/lab/api/settings',
    themes: '/lab/api/themes',
    workspacesApi: '/lab/api/workspaces',
    translationsApi: '/lab/api/translations',
    listings: '/lab/api/listings',
    licenses: '/lab/api/licenses',
    labextensions: '/lab/extensions',
    doc: '/doc',
  }
  const entries = Object.entries(paths).flatMap(([name, path]) => [
    [`${name}Url`, path],
    [`full${name.charAt(0).toUpperCase()}${name.slice(1)}Url`, basePath + path.slice(1)],
  ])
  return Object.fromEntries(entries) as Record<string, string>
}

function hubConfig(hub: HubIdentity | undefined): Record<string, string> {
  if (hub === undefined) return {}
  return {
    hubPrefix: `${hub.basePath}hub/`,
    hubHost: hub.host,
    hubUser: hub.user,
    hubServerUser: hub.user,
    hubServerName: hub.serverName,
  }
}

/** As a shell shows it. */
function shownRoot(root: string): string {
  const path = relative(homedir(), root)
  if (path === '') return '~'
  return path.startsWith('..') || isAbsolute(path) ? root : `~/${path}`
}
