import { isObject, textOf, type JsonObject } from '../notebook-format/notebook.ts'
import type { LabBundle } from './bundle.ts'

interface License {
  name: string
  versionInfo: string
  licenseId: string
  extractedText: string
}

export interface LicensesAnswer {
  type: string
  /** The extension of a file that is downloaded. */
  extension: string
  text: string
}

/** The licenses of what the bundle contains, in the forms that JupyterLab offers. */
export async function toLicenses(bundle: LabBundle, format: string, fullText: boolean): Promise<LicensesAnswer> {
  const licenses = await readLicenses(bundle)
  const packages = fullText ? licenses : licenses.map(({ extractedText: _text, ...rest }) => rest)
  if (format === 'csv') return { type: 'text/csv; charset=utf-8', extension: 'csv', text: toCsv(licenses, fullText) }
  if (format === 'markdown') {
    return { type: 'text/markdown; charset=utf-8', extension: 'md', text: toMarkdown(licenses, fullText) }
  }
  const text = JSON.stringify({ bundles: { JupyterLab: { packages } } }, null, 2)
  return { type: 'application/json; charset=utf-8', extension: 'json', text }
}

async function readLicenses(bundle: LabBundle): Promise<License[]> {
  const file = await bundle.json('licenses.json')
  if (Array.isArray(file?.['packages'])) return file['packages'].filter(isObject).map(toLicense)
  const versions = (await bundle.json('package-info.json'))?.['packages']
  if (!isObject(versions)) return []
  return Object.entries(versions).map(([name, version]) => toLicense({ name, versionInfo: version }))
}

function toLicense(value: JsonObject): License {
  return {
    name: textOf(value['name']),
    versionInfo: textOf(value['versionInfo']),
    licenseId: textOf(value['licenseId']),
    extractedText: textOf(value['extractedText']),
  }
}

function toCsv(licenses: License[], fullText: boolean): string {
  const head = ['name', 'versionInfo', 'licenseId', ...(fullText ? ['extractedText'] : [])]
  const rows = licenses.map((one) => [
    one.name,
    one.versionInfo,
    one.licenseId,
    ...(fullText ? [one.extractedText] : []),
  ])
  return [head, ...rows].map((row) => row.map(quoteCsv).join(',')).join('\r\n')
}

function toMarkdown(licenses: License[], fullText: boolean): string {
  const rows = licenses.map((one) => `| ${one.name} | ${one.versionInfo} | ${one.licenseId} |`)
  const texts = licenses.flatMap((one) => [
    `## ${one.name} ${one.versionInfo}`,
    '',
    '```',
    one.extractedText,
    '```',
    '',
  ])
  return [
    '# JupyterLab',
    '',
    '| package | version | license |',
    '|---|---|---|',
    ...rows,
    '',
    ...(fullText ? texts : []),
  ].join('\n')
}

function quoteCsv(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
