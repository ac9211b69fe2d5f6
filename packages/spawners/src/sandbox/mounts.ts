import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CygnetError } from '@cygnet/core/errors'
import { toFileBytes } from '@cygnet/core/file-name'
import type { Logger } from '@cygnet/core/log'
import { z } from 'zod'
import type { Layer, Mount, Software } from '../spawner.ts'
import type { ProcessId } from './process.ts'
import { run } from './run.ts'
import type { SessionFolder } from './session-folder.ts'

/** The folder of the home in which shared things appear. */
export const sharedFolder = 'Shared with me'

const helper = fileURLToPath(new URL('mounts.py', import.meta.url))

/** What mounts.py reports: `name` is null where it is about all of them. `layer`: it names the target of one. */
const notesSchema = z.array(
  z.object({ name: z.string().nullable(), problem: z.string(), layer: z.boolean().optional() }),
)

/** Software with a layer over it. */
export type Layered = Software & { access: { kind: 'layer'; layer: Layer } }

export function hasLayer(software: Software): software is Layered {
  return software.access?.kind === 'layer'
}

interface ApplyOptions {
  python: string
  /** The first process of the sandbox. */
  init: ProcessId
  /** The user's server, where it runs already: it is not killed for what it holds, for the session ends with it. */
  program: ProcessId | null
  user: { name: string; uid: number }
  mounts: Mount[]
  /** Of a session that is about to begin. */
  layers?: Layered[]
  log: Logger
}

/**
 * Makes the mounts in a running sandbox be exactly these, and lays the layers over its software; needs root. A source that is gone is left out, and logged. What
 * ends, or may no longer be written to, does so at once: processes of the session that hold it are killed.
 * @returns the names of those that the session does not let go of all the same: it has to be ended
 * @throws CygnetError `unavailable` where nothing can be mounted
 */
export async function applyMounts(options: ApplyOptions): Promise<string[]> {
  const { python, init, program, user, mounts, layers = [], log } = options
  const plan = {
    ...toPlan(mounts, user.uid),
    layers: layers.map((one) => toLayerPlan(one, one.target)),
    pid: init.pid,
    start: init.start,
    spared: [init.pid, ...(program === null ? [] : [program.pid])],
    home: `/home/${user.name}`,
  }
  const outcome = await run(python, ['-I', '-S', helper, 'apply'], { input: JSON.stringify(plan) })
  if (outcome.code !== 0) throw mountError(outcome.stderr.trim().split('\n').at(-1) ?? '')
  const notes = notesSchema.parse(JSON.parse(outcome.stdout))
  const isHeld = ({ problem }: (typeof notes)[number]): boolean => problem === 'held'
  report(
    notes.filter((note) => !isHeld(note)),
    log,
  )
  return notes.filter(isHeld).map(({ name }) => name ?? '')
}

interface EnterOptions {
  python: string
  folder: SessionFolder
  /** The home on the host. */
  home: string
  mounts: Mount[]
  layers: Layered[]
  /** The process that holds the session's network; null where it has none of its own. */
  holder: number | null
}

/**
 * For an ordinary user's service: what must stand before a program so that it finds the home with the mounts at the
 * session folder's `home`, and the layered software where {@link toShown} says.
 */
export async function enterWithMounts(options: EnterOptions): Promise<string[]> {
  const { python, folder, home, mounts, layers, holder } = options
  const path = `${folder.path}/mounts.json`
  const shown = layers.map((one, index) => toLayerPlan(one, toShown(folder, index)))
  for (const { target } of shown) await mkdir(target, { mode: 0o700 })
  const own = { layers: shown, holder, source: home, target: folder.home, notes: notesPath(folder) }
  const plan = { ...toPlan(mounts, null), ...own }
  await writeFile(path, JSON.stringify(plan))
  return [python, '-I', '-S', helper, 'enter', path]
}

/** Where {@link enterWithMounts} puts software together with its layer. */
export function toShown(folder: SessionFolder, index: number): string {
  return join(folder.layers, String(index))
}

/** @throws CygnetError `unavailable` that says why no layer can be laid over this software */
export async function tryLayer(python: string, lower: string, layer: Layer, uid: number | null): Promise<void> {
  const plan = { uid, layer: { lower, ...layer } }
  const outcome = await run(python, ['-I', '-S', helper, 'try'], { input: JSON.stringify(plan) })
  if (outcome.code === 0) return
  const why = outcome.stderr.trim().split('\n').at(-1) ?? ''
  throw new CygnetError(
    'unavailable',
    `An overlay over ${lower} with its upper layer at ${layer.upper} fails: ${why}`,
    {
      mend: 'It takes Linux 5.19 and local disks for both, such as ext4, XFS or Btrfs; neither NFS nor another overlay.',
    },
  )
}

/** Logs what could not be mounted by {@link enterWithMounts}. */
export async function reportEntered(folder: SessionFolder, log: Logger): Promise<void> {
  report(notesSchema.parse(JSON.parse(await readFile(notesPath(folder), 'utf8'))), log)
}

/** @throws CygnetError `bad-request` for a mount that is not below the shared folder, or there twice */
export function checkMounts(mounts: Mount[]): void {
  const names = new Set<string>()
  for (const mount of mounts) {
    const name = nameOf(mount)
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || toFileBytes(name).length > 255)
      throw new CygnetError('bad-request', `Nothing can be mounted at ${JSON.stringify(mount.target)}.`, {
        mend: `A target is "${sharedFolder}/" and one name.`,
      })
    if (names.has(name)) throw new CygnetError('bad-request', `Two things are to be mounted at ${mount.target}.`)
    names.add(name)
    if (!isAbsolute(mount.source.root) || isAbsolute(mount.source.path) || mount.source.path.includes('\0'))
      throw new CygnetError('bad-request', `${JSON.stringify(mount.source)} is no source of a mount.`, {
        mend: 'The root is an absolute path, the path is relative to it.',
      })
  }
}

function toPlan(mounts: Mount[], uid: number | null): object {
  const entries = mounts.map((mount) => ({
    root: mount.source.root,
    path: mount.source.path,
    identity: mount.source.identity ?? null,
    name: nameOf(mount),
    readOnly: mount.readOnly,
    ownerUid: mount.ownerUid,
  }))
  return { uid, folder: sharedFolder, mounts: entries }
}

function toLayerPlan({ source, access }: Layered, target: string) {
  return { lower: source, upper: access.layer.upper, work: access.layer.work, target }
}

function nameOf({ target }: Mount): string {
  return target.startsWith(`${sharedFolder}/`) ? target.slice(sharedFolder.length + 1) : ''
}

function notesPath(folder: SessionFolder): string {
  return `${folder.path}/mounted.json`
}

function report(notes: z.infer<typeof notesSchema>, log: Logger): void {
  for (const { name, problem, layer } of notes) {
    if (layer === true) {
      log.warn({ software: name, problem }, 'A session starts without what its user has installed.')
      continue
    }
    if (name === null) throw mountError(problem)
    if (problem === 'unmapped')
      log.warn(
        { name },
        'The kernel or the file system cannot show shared files as the recipient’s own (idmapped mounts).',
      )
    else log.warn({ name, problem }, 'Something shared could not be mounted.')
  }
}

function mountError(why: string): CygnetError {
  return new CygnetError('unavailable', `What is shared could not be mounted: ${why}.`, {
    mend: `See that "${sharedFolder}" in the home is a folder of the user's own.`,
  })
}
