import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application'
import { ConnectionLost, IConnectionLost, JupyterLab } from '@jupyterlab/application'
import { Dialog, showDialog } from '@jupyterlab/apputils'
import { ServerConnection } from '@jupyterlab/services'
import { hubUrl } from './hub.ts'
import { signedOut } from './server-settings.ts'

interface Question {
  title: string
  body: string
  accept: string
  /** Opened in a new tab, because what is not saved lives in this one. */
  url: string
}

/** Says why the server does not answer, and leads to the page that mends it. */
export const connectionPlugin: JupyterFrontEndPlugin<IConnectionLost> = {
  id: '@cygnet/lab:connection',
  description: 'Tells when the server has stopped or the sign-in has ended.',
  autoStart: true,
  provides: IConnectionLost,
  optional: [JupyterLab.IInfo],
  activate: (_: JupyterFrontEnd, info: JupyterLab.IInfo | null) => {
    const ask = createAsker(info)
    signedOut.connect(() => void ask(signInAgain()))
    return async (manager, error, translator) => {
      // An answer means that the hub is there, and the server is not; without one it may be the network.
      if (error instanceof ServerConnection.NetworkError) await ConnectionLost(manager, error, translator)
      else await ask(startAgain())
    }
  },
}

function startAgain(): Question {
  return {
    title: 'Your server has stopped',
    body: 'What you see here stays. To run and save it, start your server again; it opens in a new tab, then go on here.',
    accept: 'Start my server',
    url: hubUrl('spawn'),
  }
}

function signInAgain(): Question {
  return {
    title: 'You are signed out',
    body: 'What you see here stays. To run and save it, sign in again; the page opens in a new tab, then go on here.',
    accept: 'Sign in',
    url: hubUrl('login'),
  }
}

/** Asks one question at a time, and lets JupyterLab's polling rest meanwhile. */
function createAsker(info: JupyterLab.IInfo | null): (question: Question) => Promise<void> {
  let asking = false
  return async ({ title, body, accept, url }) => {
    if (asking) return
    asking = true
    if (info !== null) info.isConnected = false
    try {
      const buttons = [Dialog.cancelButton({ label: 'Not now' }), Dialog.okButton({ label: accept })]
      const { button } = await showDialog({ title, body, buttons })
      if (button.accept) window.open(url, '_blank', 'noopener')
    } finally {
      if (info !== null) info.isConnected = true
      asking = false
    }
  }
}
