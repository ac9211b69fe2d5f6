/** Plugins of JupyterLab's packages that this bundle leaves out, with the menus and settings that they describe. */
export const leftOut = [
  // It asks jupyter.org for news and PyPI for new versions; a service is updated by whoever runs it.
  '@jupyterlab/apputils-extension:announcements',
  // It needs nbconvert in the server; without, its menu would be empty.
  '@jupyterlab/notebook-extension:export',
]
