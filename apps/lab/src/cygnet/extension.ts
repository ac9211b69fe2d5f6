import './cygnet.css'
import type { LabPlugin, PluginPackage } from 'virtual:lab-extensions'
import { cellExecutorPlugin } from './cell-executor.ts'
import { connectionPlugin } from './connection.ts'
import { homePlugin } from './home.ts'
import { isBehindHub } from './hub.ts'
import { narrowPlugin } from './narrow.ts'
import { serverSettingsPlugin } from './server-settings.ts'
import { sharePlugin } from './share-plugin.ts'

const everywhere = [cellExecutorPlugin, narrowPlugin]
const behindHub = [homePlugin, sharePlugin, connectionPlugin, serverSettingsPlugin]

/** What the Lab has of Cygnet's own. */
export const cygnetExtension: PluginPackage = {
  name: '@cygnet/lab',
  module: { default: [...everywhere, ...(isBehindHub() ? behindHub : [])] as LabPlugin[] },
}
