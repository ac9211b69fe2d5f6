import { JupyterLab } from '@jupyterlab/application'
import { JupyterPluginRegistry, PageConfig } from '@jupyterlab/coreutils'
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces'
import { IConnectionStatus, IServiceManager } from '@jupyterlab/services'
import { extensions, mimeExtensions } from 'virtual:lab-extensions'
import { cygnetExtension } from './cygnet/extension.ts'
import { removeTokenFromAddress } from './address.ts'
import { choosePlugins } from './plugins.ts'

removeTokenFromAddress()
await start()

async function start(): Promise<void> {
  const mime = choosePlugins(mimeExtensions)
  const plain = choosePlugins([...extensions, cygnetExtension])
  const pluginRegistry = new JupyterPluginRegistry()
  pluginRegistry.registerPlugins(plain.plugins)
  const connectionStatus = await pluginRegistry.resolveOptionalService(IConnectionStatus)
  const serviceManager = await pluginRegistry.resolveRequiredService(IServiceManager)
  const lab = new JupyterLab({
    pluginRegistry,
    serviceManager,
    mimeExtensions: [toModule(mime.plugins)],
    ...(connectionStatus === null ? {} : { connectionStatus }),
    disabled: { matches: [...mime.disabled, ...plain.disabled], patterns: PageConfig.Extension.disabled },
    deferred: { matches: plain.deferred, patterns: PageConfig.Extension.deferred },
    availablePlugins: [...mime.available, ...plain.available],
  })
  await lab.start({ ignorePlugins: plain.deferred, bubblingKeydown: true })
}

/** JupyterLab looks for the mark of a transpiled module before it takes its default export. */
function toModule(plugins: IRenderMime.IExtension[]): IRenderMime.IExtensionModule {
  return Object.assign({ default: plugins }, { __esModule: true })
}
