import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application'
import { ICommandPalette } from '@jupyterlab/apputils'
import { LabIcon } from '@jupyterlab/ui-components'
import { Widget } from '@lumino/widgets'
import { hubUrl, portalUrl } from './hub.ts'
import swan from './swan.svg'

const swanIcon = new LabIcon({ name: 'cygnet:swan', svgstr: swan })

/** Home, as the swan at the top left and in the File menu (see schema/home.json), and signing out. */
export const homePlugin: JupyterFrontEndPlugin<void> = {
  id: '@cygnet/lab:home',
  description: 'Leads back to the portal and out of the service.',
  autoStart: true,
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, palette: ICommandPalette | null) => {
    app.commands.addCommand('cygnet:home', {
      label: 'Home',
      caption: 'Your files, servers and shares',
      icon: swanIcon,
      execute: () => location.assign(portalUrl('/')),
    })
    app.commands.addCommand('cygnet:sign-out', {
      label: 'Sign Out',
      caption: 'End your session in this browser; your server goes on running',
      execute: () => location.assign(hubUrl('logout')),
    })
    for (const command of ['cygnet:home', 'cygnet:sign-out']) palette?.addItem({ command, category: 'Cygnet' })
    app.shell.add(createHomeLink(), 'top', { rank: 0 })
  },
}

/** A link, not a button, so that it opens in another tab as links do. */
function createHomeLink(): Widget {
  const link = document.createElement('a')
  link.className = 'cygnet-Home-link'
  link.href = portalUrl('/')
  link.title = 'Home: your files, servers and shares'
  link.setAttribute('aria-label', 'Home')
  swanIcon.element({ container: link, tag: 'span' })
  const node = document.createElement('div')
  node.append(link)
  const widget = new Widget({ node })
  widget.id = 'cygnet-home'
  widget.addClass('cygnet-Home')
  return widget
}
