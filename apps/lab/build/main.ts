import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { bundle } from './bundle.ts'
import { compressFolder } from './compress.ts'
import { findLabPackages, readLabPackage } from './extensions.ts'
import { copyIcon } from './icons.ts'
import { collectLicenses } from './licenses.ts'
import { createManifest } from './manifest.ts'
import { copySchemas } from './schemas.ts'
import { bundleThemes } from './themes.ts'

const root = path.dirname(import.meta.dirname)
const target = path.join(root, 'dist')
/** The new bundle takes the old one's place at once, so that a build that fails leaves the old one. */
const building = path.join(root, '.cache/dist')
const replaced = path.join(root, '.cache/dist.old')

const started = Date.now()
await rm(building, { recursive: true, force: true })
await mkdir(path.join(building, 'static'), { recursive: true })
const packages = findLabPackages(root)
const output = await bundle(root, path.join(building, 'static'), packages)
const icons = {
  idle: await copyIcon(path.join(root, 'icons/favicon.svg'), path.join(building, 'static')),
  busy: await copyIcon(path.join(root, 'icons/favicon-busy.svg'), path.join(building, 'static')),
}
await copySchemas([...packages, readLabPackage(root)], path.join(building, 'schemas'))
await bundleThemes(packages, path.join(building, 'themes'))
await copyFile(path.join(root, 'overrides.json'), path.join(building, 'overrides.json'))
await writeJson('manifest.json', createManifest(output, findVersion(), icons))
await writeJson('licenses.json', { packages: await collectLicenses(output) })
await writeJson('package-info.json', { packages: Object.fromEntries(packages.map((it) => [it.name, it.version])) })
const bundled = Date.now()
const { raw, compressed } = await compressFolder(path.join(building, 'static'))
await rm(replaced, { recursive: true, force: true })
await rename(target, replaced).catch(ignoreMissing)
await rename(building, target)
await rm(replaced, { recursive: true, force: true })
report()

function findVersion(): string {
  const application = packages.find(({ name }) => name === '@jupyterlab/application-extension')
  if (application === undefined) throw new Error('package.json does not name @jupyterlab/application-extension.')
  return application.version
}

/** There is nothing to replace at the first build. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

async function writeJson(name: string, value: unknown): Promise<void> {
  await writeFile(path.join(building, name), JSON.stringify(value))
}

function report(): void {
  process.stdout.write(
    `lab: ${packages.length} packages bundled in ${toSeconds(bundled - started)}, ` +
      `${toMegabytes(raw)} compressed to ${toMegabytes(compressed)} in ${toSeconds(Date.now() - bundled)}\n`,
  )
}

function toSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

function toMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
