import { lstat } from 'node:fs/promises'
import { isAbsolute, normalize } from 'node:path'
import { CygnetError } from '@cygnet/core/errors'
import { userName } from '@cygnet/core/user-name'
import type { Software, StartRequest } from '../spawner.ts'
import { checkMounts } from './mounts.ts'

/**
 * Checks what the hub asks for, before anything is made.
 * @throws CygnetError `bad-request` naming the wrong value, `not-found` for a home or software that is not there
 */
export async function checkRequest(request: StartRequest): Promise<void> {
  checkId(request.id)
  checkUser(request.user)
  checkCommand(request.command)
  checkEnvironment(request.environment)
  checkLimits(request.limits)
  checkMounts(request.mounts)
  await checkHome(request.home, request.user.uid)
  for (const software of request.software) await checkSoftware(software, request.user.uid)
}

function checkId(id: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw refuse(`${JSON.stringify(id)} cannot name a session.`)
}

function checkUser({ name, uid }: StartRequest['user']): void {
  if (!userName.safeParse(name).success) throw refuse(`${JSON.stringify(name)} is no user name.`)
  const own = process.getuid?.() ?? 0
  if (own !== 0) {
    if (uid !== null && uid !== own)
      throw refuse(`Only root can run a session as uid ${uid}; the service runs as ${own}.`)
    return
  }
  if (uid === null || !Number.isInteger(uid) || uid < 1000 || uid === 65_534 || uid > 0xfffffffe)
    throw refuse(`A session of ${name} cannot run as uid ${uid}.`, 'Give each user a uid of their own, from 1000 on.')
}

function checkCommand(command: string[]): void {
  if (command.length === 0 || command[0] === '') throw refuse('There is no program to run.')
  if (command.some(hasNul)) throw refuse('The command has a NUL character in it.')
}

function checkEnvironment(environment: Record<string, string>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw refuse(`${JSON.stringify(name)} cannot name an environment variable.`)
    if (hasNul(value)) throw refuse(`The environment variable ${name} has a NUL character in it.`)
  }
}

function checkLimits({ cores, memoryBytes, processes }: StartRequest['limits']): void {
  if (!(cores > 0) || !Number.isFinite(cores)) throw refuse(`${cores} cores cannot be given.`)
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes < 16 * 1024 * 1024)
    throw refuse(`${memoryBytes} bytes of memory are too few.`, 'Give at least 16 MiB.')
  if (!Number.isSafeInteger(processes) || processes < 8)
    throw refuse(`${processes} processes are too few.`, 'Allow at least 8.')
}

async function checkHome(home: string, uid: number | null): Promise<void> {
  const info = await lstat(home).catch(() => null)
  if (info === null)
    throw new CygnetError('not-found', `The home folder ${home} is missing.`, { mend: 'Create it, owned by the user.' })
  const owner = uid ?? process.getuid?.()
  if (!info.isDirectory() || info.uid !== owner)
    throw new CygnetError('conflict', `The home folder ${home} is no folder of uid ${owner}.`, {
      mend: `Make it a folder and run chown ${owner}:${owner} on it.`,
    })
}

async function checkSoftware({ source, target, access }: Software, uid: number | null): Promise<void> {
  if (!isAbsolute(target) || normalize(target) !== target || target === '/')
    throw refuse(`Software cannot be shown at ${JSON.stringify(target)}.`)
  const isThere = await lstat(source).then(
    () => true,
    () => false,
  )
  if (!isThere) throw new CygnetError('not-found', `The software ${source} is missing.`, { mend: 'Install it again.' })
  const own = access?.kind === 'layer' ? [access.layer.upper, access.layer.work] : access === undefined ? [] : [source]
  for (const folder of own) await checkOwn(folder, uid)
}

async function checkOwn(folder: string, uid: number | null): Promise<void> {
  const info = await lstat(folder).catch(() => null)
  const owner = uid ?? process.getuid?.()
  if (info?.isDirectory() === true && info.uid === owner) return
  throw new CygnetError(
    'conflict',
    `What the user installed cannot be kept in ${folder}: it is no folder of uid ${owner}.`,
    {
      mend: `Make it a folder and run chown ${owner}:${owner} on it.`,
    },
  )
}

function hasNul(text: string): boolean {
  return text.includes('\0')
}

function refuse(message: string, mend?: string): CygnetError {
  return new CygnetError('bad-request', message, mend === undefined ? {} : { mend })
}
