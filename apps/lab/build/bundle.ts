import { createRequire } from 'node:module'
import path from 'node:path'
import type { Rolldown } from 'vite'
import { build } from 'vite'
import type { LabPackage } from './extensions.ts'
import { createJupyterlabPlugin } from './jupyterlab-plugin.ts'

const require = createRequire(import.meta.url)

/** Bundles the Lab into a folder. All names carry a hash, and the chunks find one another under any prefix. */
export async function bundle(root: string, outDir: string, packages: LabPackage[]): Promise<Rolldown.RolldownOutput> {
  const shim = (name: string) => path.join(root, 'src/shims', name)
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    base: './',
    publicDir: false,
    plugins: [createJupyterlabPlugin(packages)],
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis', __dirname: '""' },
    resolve: {
      alias: [
        // What webpack's loaders need to find a package from CSS.
        { find: /^~(.*)$/, replacement: '$1' },
        { find: /^path$/, replacement: require.resolve('path-browserify') },
        { find: /^(?:url|buffer|crypto|ws|node-fetch)$/, replacement: shim('empty.ts') },
      ],
      dedupe: ['react', 'react-dom', 'yjs'],
    },
    build: {
      outDir,
      assetsDir: '',
      emptyOutDir: false,
      target: 'es2022',
      // Fonts are fetched where they are used; within the style sheet everybody would fetch them.
      assetsInlineLimit: (file) => (/\.woff2?$/.test(file) ? false : undefined),
      chunkSizeWarningLimit: 10_000,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        input: path.join(root, 'src/main.ts'),
        // JupyterLab runs JavaScript that a cell puts out, so eval is meant; "use client" means nothing outside a React server.
        checks: { eval: false, moduleLevelDirective: false },
        output: {
          // Without groups the first page takes 138 files. Ours are apart: they change more often, and the large chunk stays cached.
          codeSplitting: {
            groups: [
              { name: 'jlab_core', tags: ['$initial'], test: /[\\/]node_modules[\\/]/ },
              { name: 'cygnet', tags: ['$initial'] },
            ],
          },
        },
      },
    },
  })
  if (!('output' in result)) throw new Error('The bundler was to build once and to give its output.')
  return result
}
