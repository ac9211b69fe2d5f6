import { createRoot } from 'react-dom/client'
import { ShareDialog } from './share-dialog.tsx'

/** Opens the dialog for a file or folder, given by its path in the home. The focus returns to where it was when it closes. */
export function openShareDialog(path: string): void {
  const dialog = document.createElement('dialog')
  dialog.className = 'cygnet-Share'
  dialog.setAttribute('aria-labelledby', 'cygnet-share-title')
  document.body.append(dialog)
  const root = createRoot(dialog)
  dialog.addEventListener('close', () => {
    root.unmount()
    dialog.remove()
  })
  // A click beside the dialog is one on the dialog itself: all that is inside it is another element's.
  dialog.addEventListener('mousedown', (event) => {
    if (event.target === dialog) dialog.close()
  })
  // JupyterLab's shortcuts are not for what is typed here.
  dialog.addEventListener('keydown', (event) => event.stopPropagation())
  root.render(<ShareDialog path={path} onClose={() => dialog.close()} />)
  dialog.showModal()
}
