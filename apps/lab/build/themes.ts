import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { preprocessCSS, resolveConfig } from 'vite'
import type { LabPackage } from './extensions.ts'

/** Writes each theme's style sheet, with what it imports, to `outDir/<package>/index.css`, where JupyterLab asks for it. */
export async function bundleThemes(packages: LabPackage[], outDir: string): Promise<void> {
  const config = await resolveConfig({ configFile: false, logLevel: 'warn' }, 'build')
  for (const { name, theme } of packages) {
    if (theme === undefined) continue
    const { code } = await preprocessCSS(await readFile(theme, 'utf8'), theme, config)
    if (/url\((?!['"]?data:)/.test(code)) throw new Error(`${theme} names files, which are not copied beside it yet.`)
    const folder = path.join(outDir, name)
    await mkdir(folder, { recursive: true })
    await writeFile(path.join(folder, 'index.css'), code)
  }
}
