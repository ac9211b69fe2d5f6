import type { JupyterFrontEndPlugin } from '@jupyterlab/application'
import type { ISessionContext } from '@jupyterlab/apputils'
import type { INotebookModel } from '@jupyterlab/notebook'
import { INotebookCellExecutor, runCell } from '@jupyterlab/notebook'

/** JupyterLab drops a cell that is run while the notebook's kernel is still being started; this one waits for the kernel. */
export const cellExecutorPlugin: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: '@cygnet/lab:cell-executor',
  description: 'Runs cells, also those that are run before the kernel is there.',
  autoStart: true,
  provides: INotebookCellExecutor,
  activate: () => ({
    async runCell(options) {
      const { cell, notebook, sessionContext } = options
      if (cell.model.type === 'code' && sessionContext !== undefined) await whenStarted(sessionContext, notebook)
      return cell.isDisposed ? false : await runCell(options)
    },
  }),
}

/** Resolves once the kernel is there, or it is clear that the user has to choose one (running the cell asks for it). */
async function whenStarted(session: ISessionContext, notebook: INotebookModel): Promise<void> {
  if (session.isReady) return
  await Promise.race([session.ready, whenKernelIsKnown(session, notebook).then(() => session.initialize())])
}

/** A document tells its session which kernel it wants a moment after it is shown; before that, another would be started. */
async function whenKernelIsKnown(session: ISessionContext, notebook: INotebookModel): Promise<void> {
  const { id, name } = session.kernelPreference
  if (id !== undefined || name !== undefined || notebook.defaultKernelName === '') return
  await new Promise<void>((resolve) => {
    const stop = () => {
      session.kernelPreferenceChanged.disconnect(stop)
      resolve()
    }
    session.kernelPreferenceChanged.connect(stop)
  })
}
