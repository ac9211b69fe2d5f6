import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { root } from './program.mjs'

const skipped = new Set(['node_modules', 'dist', '__pycache__'])

/** A fingerprint of files and folders of the checkout: paths in it, sizes and times, so that it is made in milliseconds. */
export async function fingerprint(paths) {
  const hash = createHash('sha256')
  const lists = await Promise.all(paths.map((path) => describe(path)))
  for (const line of lists.flat().toSorted((a, b) => (a < b ? -1 : 1))) hash.update(`${line}\n`)
  return hash.digest('hex')
}

/** Whether the work that was stamped with this fingerprint stands. */
export async function isStamped(stamp, print) {
  return (await readFile(stamp, 'utf8').catch(() => '')) === print
}

export async function writeStamp(stamp, print) {
  await mkdir(dirname(stamp), { recursive: true })
  await writeFile(stamp, print)
}

async function describe(path) {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) return [`${relative(root, path)} missing`]
  if (!info.isDirectory()) return [`${relative(root, path)} ${info.size} ${info.mtime.getTime()}`]
  const names = (await readdir(path)).filter((name) => !skipped.has(name))
  return (await Promise.all(names.map((name) => describe(join(path, name))))).flat()
}
