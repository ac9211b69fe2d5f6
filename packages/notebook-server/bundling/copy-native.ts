import { cp, mkdir, readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'

/** What of a package is needed to run it on Linux; paths relative to its folder. */
interface NativePackage {
  name: string
  includes: (path: string) => boolean
}

const packages: NativePackage[] = [
  {
    name: 'zeromq',
    includes: (path) =>
      /^(?:package\.json|LICENSE.*|lib(?:\/[\w-]+\.js)?|build(?:\/manifest\.json|\/linux(?:\/.*)?)?)$/.test(path),
  },
  { name: 'cmake-ts', includes: (path) => /^(?:package\.json|build(?:\/loader\.js)?)$/.test(path) },
  { name: '@lydell/node-pty', includes: (path) => !path.endsWith('.d.ts') && !/windows|conpty/i.test(path) },
  {
    name: 'koffi',
    includes: (path) =>
      'src/koffi/src/static.cjs'.startsWith(path) ||
      /^(?:package\.json|LICENSE.*|index\.cjs|src\/koffi\/index\.cjs)$/.test(path),
  },
]

/** Where the packages lie that hold what was compiled for one kind of machine each, and how the names of Linux's begin. */
const builds = [
  { of: '@lydell/node-pty', scope: '@lydell', prefix: 'node-pty-linux-' },
  { of: 'koffi', scope: '@koromix', prefix: 'koffi-linux-' },
]

/** Copies the packages that have native parts, so that the bundle needs nothing beside it. */
export async function copyNativePackages(target: string): Promise<void> {
  for (const one of packages) await copyPackage(one, target)
  for (const { of, scope, prefix } of builds) {
    const modules = join(packageFolder(of), of.startsWith('@') ? '../..' : '..')
    const names = (await readdir(join(modules, scope))).filter((name) => name.startsWith(prefix))
    if (names.length === 0) throw new Error(`There is no build of ${of} for this machine.`)
    for (const name of names) await copyPackage({ name: `${scope}/${name}`, includes: () => true }, target)
  }
}

async function copyPackage({ name, includes }: NativePackage, target: string): Promise<void> {
  const source = packageFolder(name)
  await mkdir(join(target, name), { recursive: true })
  await cp(source, join(target, name), {
    recursive: true,
    dereference: true,
    filter: async (path) => {
      const inside = path
        .slice(source.length + 1)
        .split(sep)
        .join('/')
      if (inside === '') return true
      const status = await stat(path)
      return includes(inside) && (status.isFile() || status.isDirectory())
    },
  })
}

function packageFolder(name: string): string {
  const require = createRequire(import.meta.url)
  const lookup = require.resolve.paths(name) ?? []
  for (const folder of lookup) {
    try {
      return dirname(require.resolve(join(folder, name, 'package.json')))
    } catch {
      continue
    }
  }
  throw new Error(`The package ${name} is not installed.`)
}
