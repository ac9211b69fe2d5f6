import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '@cygnet/core/config'
import { preparePythonRelease, type InstalledRelease } from '@cygnet/software/python-release'
import { readReleases } from '@cygnet/software/release'

const shipped = fileURLToPath(new URL('../../../releases', import.meta.url))

/** Installs the declared releases that are not installed yet, one after the other; newest first. */
export async function prepareReleases(
  config: Config,
  report: (message: string) => void,
  signal: AbortSignal,
): Promise<InstalledRelease[]> {
  const declarations = await readReleases(config.software.declarations ?? shipped)
  const folder = config.software.folder ?? join(config.data, 'software')
  const releases: InstalledRelease[] = []
  for (const declaration of declarations)
    releases.push(await preparePythonRelease(declaration, { folder, python: 'python3', report, signal }))
  return releases
}
