import { createHash } from 'node:crypto'
import { access, constants, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
  /** Stands for its packages and its Python: what was laid over it belongs to no other. Letters and digits. */
  key: string
  /** The folder of its packages, below `root` and `target`. */
  packages: string
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
const recordSchema = z.object({
  interpreter: z.string().nullable(),
  versions: z.array(z.string()),
  key: z.string().regex(/^[a-z0-9]+$/),
  packages: z.string(),
})
type Record = z.infer<typeof recordSchema>

/** Changes with what is put into a release beside its packages. */
const layout = '2'
const keeper = fileURLToPath(new URL('own_packages.py', import.meta.url))

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
  const locked = await readFile(lock, 'utf8')
  const digest = toKey(layout, locked, await readFile(keeper, 'utf8'))
  const root = join(options.folder, `${release.id}-${digest}`)
  const target = `/software/${release.id}`
  const record = (await readRecord(root)) ?? (await build(release, { path: lock, text: locked }, root, target, options))
  const { id, title, description } = release
  const { versions, ...rest } = record
  return { id, title, description, highlights: versions, root, target, ...rest }
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
  lock: { path: string; text: string },
  root: string,
  target: string,
  options: PrepareOptions,
): Promise<Record> {
  const building = `${root}.building`
  await mkdir(options.folder, { recursive: true })
  await rm(building, { recursive: true, force: true })
  try {
    options.report(`Creating a Python environment for ${release.title}`)
    await run(options.python, ['-I', '-m', 'venv', building], options)
    await install(building, lock.path, options)
    const { python, ...found } = await inspect(building, release.highlights, options)
    await addKeeper(building, found.packages, options)
    const record: Record = { ...found, key: toKey(lock.text, python) }
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

/**
 * The operator's environment and configuration of pip tell where packages come from. Where they go to, and what Python runs, is
 * not for them to say.
 */
const withoutPlaces = ['env', ...['PIP_USER', 'PIP_TARGET', 'PIP_PREFIX', 'PIP_ROOT'].flatMap((name) => ['-u', name])]

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
    : [
        ...withoutPlaces,
        python,
        '-I',
        '-m',
        'pip',
        'install',
        '--no-user',
        '--no-input',
        '--disable-pip-version-check',
        '--progress-bar',
        'off',
      ]
  await run(program, [...flags, '--require-hashes', '--only-binary', ':all:', '-r', lock], { ...options, onLine })
}

/** Python runs a `.pth` file at its start. */
async function addKeeper(environment: string, packages: string, options: PrepareOptions): Promise<void> {
  const folder = join(environment, packages)
  await copyFile(keeper, join(folder, '_cygnet_own_packages.py'))
  await writeFile(join(folder, 'cygnet-own-packages.pth'), 'import _cygnet_own_packages\n')
  await run(join(environment, 'bin', 'python'), ['-I', '-c', 'import _cygnet_own_packages'], options)
}

function toKey(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 12)
}

const inspection = `
import importlib.metadata, json, os, platform, sys, sysconfig
versions = ['Python ' + platform.python_version()]
versions += [name + ' ' + importlib.metadata.version(name) for name in sys.argv[1:]]
print(json.dumps({
    'versions': versions,
    'interpreter': None if sys.base_prefix == '/usr' else sys.base_prefix,
    'packages': os.path.relpath(sysconfig.get_path('purelib'), sys.prefix),
    'python': sys.version,
}))
`

const inspectionSchema = recordSchema.omit({ key: true }).extend({ python: z.string() })

async function inspect(
  environment: string,
  highlights: string[],
  options: PrepareOptions,
): Promise<z.infer<typeof inspectionSchema>> {
  const lines = await run(join(environment, 'bin', 'python'), ['-I', '-c', inspection, ...highlights], options)
  return inspectionSchema.parse(JSON.parse(lines.join('')))
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
