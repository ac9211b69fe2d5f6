import { ILabShell, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application'

/** Below it the file browser would leave the document less than half of the window. */
const narrow = 640

/** Gives the document the whole of a narrow window; the tabs at its side open the file browser again. */
export const narrowPlugin: JupyterFrontEndPlugin<void> = {
  id: '@cygnet/lab:narrow',
  description: 'Closes the side bar where the window is narrow.',
  autoStart: true,
  requires: [ILabShell],
  activate: (app: JupyterFrontEnd, shell: ILabShell) => {
    void app.restored.then(() => {
      if (innerWidth < narrow) shell.collapseLeft()
    })
  },
}
