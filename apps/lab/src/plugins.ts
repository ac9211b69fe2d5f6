import type { JupyterLab } from '@jupyterlab/application'
import { PageConfig } from '@jupyterlab/coreutils'
import type { LabPlugin, PluginPackage } from 'virtual:lab-extensions'
import { replacedPlugins } from './cygnet/replaced-plugins.ts'
import { leftOut } from './left-out.ts'

const left = new Set([...leftOut, ...replacedPlugins()])

/** What plugins and mime renderers have in common. */
type Pluggable = Pick<LabPlugin, 'id' | 'description'> & Partial<LabPlugin>

interface Choice<Plugin> {
  plugins: Plugin[]
  /** What the page's configuration switches off. */
  disabled: string[]
  /** What is registered but not activated at the start. */
  deferred: string[]
  available: JupyterLab.IPluginInfo[]
}

/** The plugins of some packages, without what is left out or switched off. */
export function choosePlugins<Plugin extends Pluggable>(packages: PluginPackage<Plugin>[]): Choice<Plugin> {
  const choice: Choice<Plugin> = { plugins: [], disabled: [], deferred: [], available: [] }
  for (const { name, module } of packages) {
    const plugins = Array.isArray(module.default) ? module.default : [module.default]
    for (const plugin of plugins) if (!left.has(plugin.id)) addPlugin(choice, plugin, name)
  }
  return choice
}

function addPlugin<Plugin extends Pluggable>(choice: Choice<Plugin>, plugin: Plugin, extension: string): void {
  const enabled = !PageConfig.Extension.isDisabled(plugin.id)
  choice.available.push(toPluginInfo(plugin, extension, enabled))
  if (!enabled) {
    choice.disabled.push(plugin.id)
    return
  }
  if (PageConfig.Extension.isDeferred(plugin.id)) choice.deferred.push(plugin.id)
  choice.plugins.push(plugin)
}

function toPluginInfo(plugin: Pluggable, extension: string, enabled: boolean): JupyterLab.IPluginInfo {
  return {
    id: plugin.id,
    description: plugin.description ?? '',
    requires: plugin.requires ?? [],
    optional: plugin.optional ?? [],
    provides: plugin.provides ?? null,
    autoStart: plugin.autoStart,
    enabled,
    extension,
  }
}
