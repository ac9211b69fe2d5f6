import { cp, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { leftOut } from '../src/left-out.ts'
import type { LabPackage } from './extensions.ts'

/** Copies each package's settings' schemas, and its package.json as JupyterLab's servers expect it, for the version. */
export async function copySchemas(packages: LabPackage[], outDir: string): Promise<void> {
  for (const { name, folder, schemas } of packages) {
    if (schemas === undefined) continue
    const target = path.join(outDir, name)
    await mkdir(target, { recursive: true })
    for (const file of await readdir(schemas)) {
      if (file.endsWith('.json') && !leftOut.includes(`${name}:${path.basename(file, '.json')}`))
        await cp(path.join(schemas, file), path.join(target, file))
    }
    await cp(path.join(folder, 'package.json'), path.join(target, 'package.json.orig'))
  }
}
