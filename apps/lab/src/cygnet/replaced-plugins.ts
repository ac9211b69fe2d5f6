import { isBehindHub } from './hub.ts'

const everywhere = ['@jupyterlab/notebook-extension:cell-executor']
const behindHub = [
  '@jupyterlab/application-extension:logo',
  // Its "Copy Shareable Link" makes a link that only its maker can open.
  '@jupyterlab/filebrowser-extension:share-file',
  '@jupyterlab/services-extension:server-settings',
]

/** The plugins of JupyterLab in whose place those of Cygnet are. */
export function replacedPlugins(): string[] {
  return [...everywhere, ...(isBehindHub() ? behindHub : [])]
}
