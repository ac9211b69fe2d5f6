import { IServerSettings, ServerConnection } from '@jupyterlab/services'
import type { ServiceManagerPlugin } from '@jupyterlab/services'
import { Signal } from '@lumino/signaling'

/** Emitted for each request that the hub refuses because nobody is signed in any more. */
export const signedOut = new Signal<object, void>({})

/** JupyterLab's own server settings; it has no place where a refused request would be noticed, so its `fetch` is watched. */
export const serverSettingsPlugin: ServiceManagerPlugin<ServerConnection.ISettings> = {
  id: '@cygnet/lab:server-settings',
  description: 'Notices when the sign-in has ended.',
  autoStart: true,
  provides: IServerSettings,
  activate: () => ServerConnection.makeSettings({ fetch: fetchAndWatch }),
}

async function fetchAndWatch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init)
  if (await isSignedOut(response)) signedOut.emit()
  return response
}

/** The hub answers 403, as JupyterHub does, and says by its code which of them it is. */
async function isSignedOut(response: Response): Promise<boolean> {
  if (response.status === 401) return true
  if (response.status !== 403) return false
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  return (body as { code?: unknown } | undefined)?.code === 'unauthenticated'
}
