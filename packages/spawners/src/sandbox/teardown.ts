import { existsSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { constants } from 'node:os'
import { CygnetError } from '@cygnet/core/errors'
import type { ExitReason } from '../spawner.ts'
import { openCgroup } from './cgroup/open.ts'
import type { SessionRecord } from './handle.ts'
import { findPasta } from './network.ts'
import { identify, identifyBy, isAlive, kill, readBootId, sessionOf, waitBriefly, type ProcessId } from './process.ts'
import { readStatus, removeSessionFolder, sessionFolder, type SessionFolder } from './session-folder.ts'

/** How long the kernel may take to end killed processes. */
const patience = 10_000

/**
 * Ends what is left of a session and frees all it took: processes, network, cgroup, mount and folder. Says how the session
 * ended, as far as it had ended by itself. To do it again is no error.
 */
export async function tearDown(runtimeDir: string, record: SessionRecord): Promise<ExitReason> {
  const folder = sessionFolder(runtimeDir, record.id)
  const cgroup = record.cgroup === null ? null : openCgroup(record.cgroup)
  let reason: ExitReason = { kind: 'unknown' }
  if (record.boot === (await readBootId())) {
    if (record.init === null) await killLaunch(folder)
    const init = record.init ?? (await findInit(folder))
    if (init !== null) {
      if (record.program !== null && !(await isAlive(record.program))) await waitForExitCode(folder, init)
      await kill(init, 'SIGKILL')
      await waitForEnd(init)
    }
    reason = await readReason(folder, record, (await cgroup?.outOfMemoryKills()) ?? 0)
    const network = record.network ?? (record.mac === null ? null : await findPasta(record.mac))
    if (network !== null) await kill(network, 'SIGKILL')
    await cgroup?.killAll()
    if (network !== null) await waitForEnd(network)
  }
  await cgroup?.remove()
  await removeSessionFolder(folder, record.isMounted)
  return reason
}

/** What a killed service was launching: it would wait for that service for ever. */
async function killLaunch(folder: SessionFolder): Promise<void> {
  // It may be about to write its line. Before that it ends by itself once the folder is gone.
  // The runtime folder is the machine's own memory or disk, so that a look at it waits for nothing.
  await waitBriefly(async () => !existsSync(folder.launch) || (await identifyBy(folder.launch)) !== null, 1000)
  const launch = await identifyBy(folder.launch)
  if (launch === null) return
  // bubblewrap itself may have ended over the pipe to the killed service already, and left what it had begun.
  const left = await sessionOf(launch)
  for (const one of left) await kill(one, 'SIGKILL')
  for (const one of left) await waitForEnd(one)
}

async function waitForEnd(process: ProcessId): Promise<void> {
  if (await waitBriefly(async () => !(await isAlive(process)), patience)) return
  throw new CygnetError('timeout', `The process ${process.pid} does not end although it was killed.`, {
    mend: 'It may wait for a disk or a network file system; see that those answer, and stop the server again.',
  })
}

/** The sandbox's first process reports the end of the program a moment after it; killed before, it would report its own. */
async function waitForExitCode(folder: SessionFolder, init: ProcessId): Promise<void> {
  const isTold = async (): Promise<boolean> => (await readStatus(folder))['exit-code'] !== undefined
  await waitBriefly(async () => (await isTold()) || !(await isAlive(init)), patience)
}

async function readReason(
  folder: SessionFolder,
  { memoryBytes }: SessionRecord,
  outOfMemoryKills: number,
): Promise<ExitReason> {
  const code = (await readStatus(folder))['exit-code']
  const signal = toSignal(code)
  if (outOfMemoryKills > 0 && (code === undefined || signal === 'SIGKILL'))
    return { kind: 'out-of-memory', limit: memoryBytes }
  if (typeof code !== 'number') return { kind: 'unknown' }
  return { kind: 'exit', code: signal === null ? code : null, signal }
}

/** bubblewrap, as a shell does, says 128 and the signal's number. */
function toSignal(code: unknown): string | null {
  if (typeof code !== 'number' || code <= 128) return null
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] ?? null
}

/** From what bubblewrap wrote, where the service was killed before it could; the namespace tells the pid from a later one. */
async function findInit(folder: SessionFolder): Promise<ProcessId | null> {
  const { 'child-pid': pid, 'pid-namespace': namespace } = await readStatus(folder)
  if (typeof pid !== 'number') return null
  const link = await readlink(`/proc/${pid}/ns/pid`).catch(() => '')
  return link === `pid:[${String(namespace)}]` ? identify(pid) : null
}
