import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application'
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils'
import { IDocumentManager } from '@jupyterlab/docmanager'
import { IFileBrowserFactory } from '@jupyterlab/filebrowser'
import type { DocumentRegistry } from '@jupyterlab/docregistry'
import { shareIcon } from '@jupyterlab/ui-components'

/** *Share…* for what is selected in the file browser and for the document at hand; schema/share.json says where it appears. */
export const sharePlugin: JupyterFrontEndPlugin<void> = {
  id: '@cygnet/lab:share',
  description: 'Shares a file or folder by link or with a user.',
  autoStart: true,
  requires: [IDocumentManager],
  optional: [IFileBrowserFactory, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    documents: IDocumentManager,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
  ) => {
    const selected = () => [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])]
    const current = () => {
      const widget = app.shell.currentWidget
      return widget === null ? undefined : documents.contextForWidget(widget)
    }
    app.commands.addCommand('cygnet:share-selected', {
      label: 'Share…',
      mnemonic: 0,
      icon: shareIcon,
      isEnabled: () => selected().length === 1,
      execute: async () => {
        const item = selected()[0]
        if (item !== undefined) await openDialog(documents.services.contents.localPath(item.path))
      },
    })
    app.commands.addCommand('cygnet:share-document', {
      label: 'Share…',
      caption: 'Save and share this file',
      icon: shareIcon,
      isEnabled: () => current() !== undefined,
      execute: async () => {
        const context = current()
        if (context === undefined) return
        if (await saveChanges(context)) await openDialog(context.localPath)
      },
    })
    palette?.addItem({ command: 'cygnet:share-document', category: 'Cygnet' })
  },
}

/** False where the last changes could not be saved: what is on the disk is not what its reader wants to share. */
async function saveChanges(context: DocumentRegistry.Context): Promise<boolean> {
  if (!context.model.dirty || context.contentsModel?.writable !== true) return true
  try {
    await context.save()
    return true
  } catch {
    // The document has told why.
    return false
  }
}

/** The dialog and what it needs are loaded when first used. */
async function openDialog(path: string): Promise<void> {
  try {
    const { openShareDialog } = await import('./share/open-share-dialog.tsx')
    openShareDialog(path)
  } catch (error) {
    await showErrorMessage('Sharing cannot be opened', error instanceof Error ? error : String(error))
  }
}
