import './cygnet.css'
import type { PluginPackage } from 'virtual:lab-extensions'
import { connectionPlugin } from './connection.ts'
import { homePlugin } from './home.ts'
import { isBehindHub } from './hub.ts'
import { serverSettingsPlugin } from './server-settings.ts'
import { sharePlugin } from './share-plugin.ts'

const plugins = [homePlugin, sharePlugin, connectionPlugin, serverSettingsPlugin] as PluginPackage['module']['default']

/** What the Lab has of Cygnet's own: the way home, sharing, and what happens when the server or the sign-in is gone. */
export const cygnetExtension: PluginPackage = {
  name: '@cygnet/lab',
  module: { default: isBehindHub() ? plugins : [] },
}
