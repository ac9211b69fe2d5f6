import { isBehindHub } from './hub.ts'

/** The plugins of JupyterLab in whose place those of Cygnet are. */
export function replacedPlugins(): string[] {
  if (!isBehindHub()) return []
  return [
    '@jupyterlab/application-extension:logo',
    // Its "Copy Shareable Link" makes a link that only its maker can open.
    '@jupyterlab/filebrowser-extension:share-file',
    '@jupyterlab/services-extension:server-settings',
  ]
}
