import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Rolldown } from 'vite'

/** One package that went into the bundle, in the form of JupyterLab's third-party-licenses.json. */
interface License {
  name: string
  versionInfo: string
  licenseId: string
  extractedText: string
}

/** The packages whose modules are in the bundle, by name, with their licences. */
export async function collectLicenses(output: Rolldown.RolldownOutput): Promise<License[]> {
  const modules = output.output.flatMap((item) => (item.type === 'chunk' ? item.moduleIds : []))
  const folders = new Set(modules.flatMap((id) => findPackageFolder(id) ?? []))
  const licenses = await Promise.all([...folders].map(readLicense))
  return licenses.toSorted((one, other) => one.name.localeCompare(other.name))
}

function findPackageFolder(id: string): string | undefined {
  return /^[^/]*(\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.split(path.sep).join('/'))?.[1]
}

async function readLicense(folder: string): Promise<License> {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const file = (await readdir(folder)).find((entry) => /^(?:licen[cs]e|copying)/i.test(entry))
  const text = file === undefined ? '' : await readFile(path.join(folder, file), 'utf8').catch(() => '')
  return { name, versionInfo: version, licenseId: license ?? '', extractedText: text }
}
