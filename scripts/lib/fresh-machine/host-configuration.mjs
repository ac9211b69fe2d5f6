import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { collectLines, findProgram } from '../program.mjs'

/**
 * This machine's sources of Debian's packages, for any suite, and how they are reached.
 *
 * @param suite - this machine's own where it is undefined
 */
export async function readApt(suite) {
  const own = /^VERSION_CODENAME=(.+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  const lists = await readLists()
  // Lists of others than Debian have suites of their own.
  const debian = own === undefined ? [] : lists.filter((text) => text.includes(own))
  if (debian.length === 0) throw new Error('This machine has no sources of Debian’s packages in /etc/apt.')
  const sources = debian.join('\n\n').replaceAll(own, suite ?? own)
  const reached = /^Acquire::(https?|ftp|Retries|Check-Valid-Until|Check-Date)\b.*"[^"]+"/
  const options = (await collectLines('apt-config', ['dump', 'Acquire'])).filter((line) => reached.test(line))
  return { suite: suite ?? own, sources, options: `${options.join('\n')}\n` }
}

/** Where npm finds its registry here, as an npmrc. */
export async function readNpm() {
  const keys = ['registry', 'cafile', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl']
  const config = JSON.parse((await collectLines('npm', ['config', 'list', '--json'])).join('\n'))
  const set = keys.map((key) => [key, config[key]]).filter(([, value]) => String(value ?? '') !== '')
  return { text: toLines(set), certificates: certificatesOf(set, 'cafile') }
}

/** Where pip finds its index here, as a pip.conf. */
export async function readPip() {
  const keys = ['index-url', 'extra-index-url', 'trusted-host', 'cert', 'proxy', 'timeout']
  const python = await findProgram('python3')
  const lines = python === null ? [] : await collectLines(python, ['-m', 'pip', 'config', 'list']).catch(() => [])
  const set = lines.flatMap((line) => {
    // As in: global.index-url='https://...'
    const [, key, value] = /^[^=]*\.([a-z-]+)='(.*)'$/.exec(line) ?? []
    return keys.includes(key) ? [[key, value]] : []
  })
  return { text: `[global]\n${toLines([...new Map(set)])}`, certificates: certificatesOf(set, 'cert') }
}

/** What Node believes here beside its own certificates: it is told by its environment. */
export function readNodeCertificates() {
  return [process.env.NODE_EXTRA_CA_CERTS ?? ''].filter((file) => file !== '')
}

function toLines(entries) {
  return entries.map(([key, value]) => `${key} = ${value}\n`).join('')
}

function certificatesOf(entries, wanted) {
  return entries.filter(([key, value]) => key === wanted && value !== '').map(([, value]) => value)
}

async function readLists() {
  const folder = '/etc/apt/sources.list.d'
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name))
  const files = ['/etc/apt/sources.list', ...names.map((name) => join(folder, name))]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  return texts.filter((text) => text.trim() !== '')
}
