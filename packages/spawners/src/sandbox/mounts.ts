import { readFile, writeFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CygnetError } from '@cygnet/core/errors'
import type { Logger } from '@cygnet/core/log'
import { z } from 'zod'
import type { Mount } from '../spawner.ts'
import type { ProcessId } from './process.ts'
import { run } from './run.ts'
import type { SessionFolder } from './session-folder.ts'

/** The folder of the home in which shared things appear. */
export const sharedFolder = 'Shared with me'

const helper = fileURLToPath(new URL('mounts.py', import.meta.url))

/** What mounts.py reports: `name` is null where it is about all of them. */
const notesSchema = z.array(z.object({ name: z.string().nullable(), problem: z.string() }))

interface ApplyOptions {
  python: string
  /** The first process of the sandbox. */
  init: ProcessId
  /** The user's server, where it runs already: it is not killed for what it holds, for the session ends with it. */
  program: ProcessId | null
  user: { name: string; uid: number }
  mounts: Mount[]
  log: Logger
}

/**
 * Makes the mounts in a running sandbox be exactly these; needs root. A source that is gone is left out, and logged. What
 * ends, or may no longer be written to, does so at once: processes of the session that hold it are killed.
 * @returns the names of those that the session does not let go of all the same: it has to be ended
 * @throws CygnetError `unavailable` where nothing can be mounted
 */
export async function applyMounts(options: ApplyOptions): Promise<string[]> {
  const { python, init, program, user, mounts, log } = options
  const plan = {
    ...toPlan(mounts, user.uid),
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
  /** The process that holds the session's network; null where it has none of its own. */
  holder: number | null
}

/**
 * For an ordinary user's service: what must stand before a program so that it finds the home with the mounts at the
 * session folder's `home`.
 */
export async function enterWithMounts({ python, folder, home, mounts, holder }: EnterOptions): Promise<string[]> {
  const path = `${folder.path}/mounts.json`
  const plan = { ...toPlan(mounts, null), holder, source: home, target: folder.home, notes: notesPath(folder) }
  await writeFile(path, JSON.stringify(plan))
  return [python, '-I', '-S', helper, 'enter', path]
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
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || Buffer.byteLength(name) > 255)
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
    name: nameOf(mount),
    readOnly: mount.readOnly,
    ownerUid: mount.ownerUid,
  }))
  return { uid, folder: sharedFolder, mounts: entries }
}

function nameOf({ target }: Mount): string {
  return target.startsWith(`${sharedFolder}/`) ? target.slice(sharedFolder.length + 1) : ''
}

function notesPath(folder: SessionFolder): string {
  return `${folder.path}/mounted.json`
}

function report(notes: z.infer<typeof notesSchema>, log: Logger): void {
  for (const { name, problem } of notes) {
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
