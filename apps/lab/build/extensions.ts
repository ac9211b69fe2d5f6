import { readFileSync } from 'node:fs'
import path from 'node:path'

/** One of the packages that make up the Lab, as its package.json describes it. */
export interface LabPackage {
  name: string
  version: string
  folder: string
  /** The module with the plugins, or undefined where the package has none. */
  extension: string | undefined
  /** The module with the mime renderers. */
  mimeExtension: string | undefined
  /** The module that imports the package's style sheets. */
  style: string | undefined
  /** The folder with the settings' schemas. */
  schemas: string | undefined
  /** The theme's style sheet. */
  theme: string | undefined
}

interface PackageJson {
  name: string
  version: string
  dependencies?: Record<string, string>
  styleModule?: string
  jupyterlab?: { extension?: unknown; mimeExtension?: unknown; schemaDir?: string; themePath?: string }
}

/** The Lab's packages: each dependency that says in its package.json that it extends JupyterLab. Nothing else lists them. */
export function findLabPackages(root: string): LabPackage[] {
  const names = Object.keys(readPackage(root).dependencies ?? {})
  return names
    .map((name) => readLabPackage(path.join(root, 'node_modules', name)))
    .filter((found) => found.extension !== undefined || found.mimeExtension !== undefined)
}

export function readLabPackage(folder: string): LabPackage {
  const { name, version, styleModule, jupyterlab = {} } = readPackage(folder)
  return {
    name,
    version,
    folder,
    extension: toModule(name, jupyterlab.extension),
    mimeExtension: toModule(name, jupyterlab.mimeExtension),
    style: styleModule === undefined ? undefined : `${name}/${styleModule}`,
    schemas: jupyterlab.schemaDir === undefined ? undefined : path.join(folder, jupyterlab.schemaDir),
    theme: jupyterlab.themePath === undefined ? undefined : path.join(folder, jupyterlab.themePath),
  }
}

/** The source of a module that imports every package's plugins and styles. */
export function toExtensionsModule(packages: LabPackage[]): string {
  const imports: string[] = []
  const plain: string[] = []
  const mime: string[] = []
  for (const [index, { name, extension, mimeExtension, style }] of packages.entries()) {
    if (style !== undefined) imports.push(`import ${JSON.stringify(style)}`)
    if (extension !== undefined) {
      imports.push(`import * as extension${index} from ${JSON.stringify(extension)}`)
      plain.push(`{ name: ${JSON.stringify(name)}, module: extension${index} }`)
    }
    if (mimeExtension !== undefined) {
      imports.push(`import * as mime${index} from ${JSON.stringify(mimeExtension)}`)
      mime.push(`{ name: ${JSON.stringify(name)}, module: mime${index} }`)
    }
  }
  return [
    ...imports,
    `export const extensions = [${plain.join(', ')}]`,
    `export const mimeExtensions = [${mime.join(', ')}]`,
  ].join('\n')
}

/** `true` stands for the package's main module, a text for a file in it. */
function toModule(name: string, declared: unknown): string | undefined {
  if (declared === true) return name
  return typeof declared === 'string' ? `${name}/${declared}` : undefined
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as PackageJson
}
