import { createHash } from 'node:crypto'
import { access, constants, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ReleaseDeclaration } from './release.ts'
import { run } from './run.ts'

/** A release that is on this machine and can be mounted into sessions. */
export interface InstalledRelease {
  id: string
  title: string
  description: string
  /** `name version` of each highlight, and of Python first. */
  highlights: string[]
  /** The virtual environment on the host; complete and never changed again. */
  root: string
  /** Where sessions see it. */
  target: string
  /** The interpreter's own installation outside `root`, which sessions need at the same path. Null where it lies below /usr. */
  interpreter: string | null
}

export interface PrepareOptions {
  /** Where releases are installed, one folder each. */
  folder: string
  /** Python 3.10 or newer, with venv. */
  python: string
  report: (message: string) => void
  signal: AbortSignal
}

/** Written last into an installed release: what inspecting it told. */
const recordName = '.cygnet-release.json'
const recordSchema = z.object({ interpreter: z.string().nullable(), versions: z.array(z.string()) })
type Record = z.infer<typeof recordSchema>

/**
 * Installs a release unless it is there already: a virtual environment from the locked requirements, with uv where it is on the
 * PATH, else pip. It is built beside and renamed when complete, so that an interrupted installation is never used; another lock
 * goes into another folder, so that running sessions keep what they have.
 *
 * @throws CygnetError `unavailable` with the last lines of the installer where it fails
 */
export async function preparePythonRelease(
  release: ReleaseDeclaration,
  options: PrepareOptions,
): Promise<InstalledRelease> {
  const lock = join(release.folder, 'requirements.lock')
  const digest = createHash('sha256')
    .update(await readFile(lock))
    .digest('hex')
  const root = join(options.folder, `${release.id}-${digest.slice(0, 12)}`)
  const target = `/software/${release.id}`
  const record = (await readRecord(root)) ?? (await build(release, lock, root, target, options))
  const { id, title, description } = release
  return { id, title, description, highlights: record.versions, root, target, interpreter: record.interpreter }
}

/** Undefined where the release is not there, or where the interpreter that it was made from is gone. */
async function readRecord(root: string): Promise<Record | undefined> {
  try {
    await access(join(root, 'bin', 'python'), constants.X_OK)
    return recordSchema.parse(JSON.parse(await readFile(join(root, recordName), 'utf8')))
  } catch {
    return undefined
  }
}

async function build(
  release: ReleaseDeclaration,
  lock: string,
  root: string,
  target: string,
  options: PrepareOptions,
): Promise<Record> {
  const building = `${root}.building`
  await mkdir(options.folder, { recursive: true })
  await rm(building, { recursive: true, force: true })
  try {
    options.report(`Creating a Python environment for ${release.title}`)
    await run(options.python, ['-m', 'venv', building], options)
    await install(building, lock, options)
    await addUserPackages(building)
    const record = await inspect(building, release.highlights, options)
    await relocateScripts(building, target)
    await writeFile(join(building, recordName), `${JSON.stringify(record, null, 2)}\n`)
    await rm(root, { recursive: true, force: true })
    await rename(building, root)
    return record
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    throw error
  }
}

async function install(environment: string, lock: string, options: PrepareOptions): Promise<void> {
  const python = join(environment, 'bin', 'python')
  const onLine = (line: string): void => {
    const [, what] =
      /^((?:Collecting|Installing collected packages|Successfully installed|Resolved|Prepared|Installed) ?[^:(]*)/.exec(
        line,
      ) ?? []
    if (what !== undefined) options.report(what.trim().slice(0, 80))
  }
  const hasUv = await run('uv', ['--version'], options).then(
    () => true,
    () => false,
  )
  const [program, ...flags] = hasUv
    ? ['uv', 'pip', 'install', '--compile-bytecode', '--python', python]
    : [python, '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off']
  await run(program, [...flags, '--require-hashes', '--only-binary', ':all:', '-r', lock], { ...options, onLine })
}

/**
 * What users install with pip goes below PIP_PREFIX, for the release is read-only: let Python find it there, before the release's
 * own packages. A `.pth` file is run when Python has just appended the folder that it lies in to `sys.path`.
 */
async function addUserPackages(environment: string): Promise<void> {
  const [version] = (await readdir(join(environment, 'lib'))).filter((name) => name.startsWith('python3'))
  const folder = join(environment, 'lib', version ?? 'python3', 'site-packages')
  const insert = `p and sys.path.insert(len(sys.path) - 1, p + '/lib/${version}/site-packages')`
  await writeFile(join(folder, 'user-packages.pth'), `import os, sys; p = os.environ.get('PIP_PREFIX'); ${insert}\n`)
}

const inspection = `
import importlib.metadata, json, platform, sys
versions = ['Python ' + platform.python_version()]
versions += [name + ' ' + importlib.metadata.version(name) for name in sys.argv[1:]]
print(json.dumps({'versions': versions, 'interpreter': None if sys.base_prefix == '/usr' else sys.base_prefix}))
`

async function inspect(environment: string, highlights: string[], options: PrepareOptions): Promise<Record> {
  const lines = await run(join(environment, 'bin', 'python'), ['-c', inspection, ...highlights], options)
  return recordSchema.parse(JSON.parse(lines.join('')))
}

/** Scripts carry the absolute path of the environment that they were made in: make it the one that sessions see. */
async function relocateScripts(environment: string, target: string): Promise<void> {
  const folder = join(environment, 'bin')
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(folder, entry.name)
    const text = await readFile(path, 'latin1')
    if (text.includes('\0') || !text.includes(environment)) continue
    await writeFile(path, text.replaceAll(environment, target), 'latin1')
  }
}
