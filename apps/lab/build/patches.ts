/** A change to a package's source that cannot be had by configuration. */
interface Patch {
  /** The end of the module's path. */
  file: string
  find: RegExp
  replace: string
}

const patches: Patch[] = [
  {
    // The manager is written for webpack; a dynamic import does what its require.ensure did.
    file: '@jupyter-widgets/jupyterlab-manager/lib/plugin.js',
    find: /require\.ensure\(\['@jupyter-widgets\/controls'\][\s\S]*?'@jupyter-widgets\/controls'\);/,
    replace: `import('@jupyter-widgets/controls').then(resolve, reject);`,
  },
  {
    // Saving the workspace is debounced by half a second, and the launcher would wait for it.
    file: '@jupyterlab/apputils-extension/lib/index.js',
    find: /(?<=\/\/ After the state database has finished loading, save it\.\s+)await save\.invoke\(\);/,
    replace: 'void save.invoke();',
  },
  {
    // A notebook is printed by nbconvert in the server, which is not there: better not offered.
    file: '@jupyterlab/notebook/lib/panel.js',
    find: /(?<=\[Printing\.symbol\]\(\) \{\s+)return async[\s\S]*?\n {8}\};/,
    replace: 'return null;',
  },
  {
    // There is no process in a browser, and the Lab's own paths begin at the top.
    file: 'path-browserify/index.js',
    find: /process\.cwd\(\)/g,
    replace: "'/'",
  },
  {
    // Every browser that runs the Lab reads woff2; the other forms are 3 MB that nobody fetches.
    file: '@fortawesome/fontawesome-free/css/all.min.css',
    find: /src:url\([^)]*\.eot\);src:[^}]*?(url\([^)]*\.woff2\) format\("woff2"\))[^}]*/g,
    replace: 'src:$1',
  },
]

/** The patched source of a module, or undefined where there is nothing to patch. @throws where the text to patch is gone */
export function patchSource(id: string, code: string): string | undefined {
  const patch = patches.find(({ file }) => id.endsWith(`/node_modules/${file}`))
  if (patch === undefined) return undefined
  const patched = code.replace(patch.find, patch.replace)
  if (patched === code) throw new Error(`${patch.file} has changed: ${String(patch.find)} is not in it any more.`)
  return patched
}
