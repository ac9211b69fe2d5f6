declare module 'virtual:lab-extensions' {
  import type { JupyterFrontEndPlugin } from '@jupyterlab/application'
  import type { IRenderMime } from '@jupyterlab/rendermime-interfaces'

  /** A plugin of any kind; what each provides and takes is for the registry to match. */
  export type LabPlugin = JupyterFrontEndPlugin<unknown>
  export interface PluginPackage<Plugin = LabPlugin> {
    name: string
    module: { default: Plugin | Plugin[] }
  }
  export const extensions: PluginPackage[]
  export const mimeExtensions: PluginPackage<IRenderMime.IExtension>[]
}
