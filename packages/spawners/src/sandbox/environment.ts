import { access } from 'node:fs/promises'
import type { StartRequest } from '../spawner.ts'
import { systemPath } from './run.ts'

/** What a login would set, then what the hub asks for, then what the sandbox knows best. */
export function toEnvironment(request: StartRequest, shell: string): Record<string, string> {
  const { name } = request.user
  return {
    USER: name,
    LOGNAME: name,
    SHELL: shell,
    PATH: systemPath,
    LANG: 'C.UTF-8',
    XDG_RUNTIME_DIR: '/run/cygnet',
    ...request.environment,
    HOME: `/home/${name}`,
    CYGNET_SOCKET: '/run/cygnet/server.sock',
  }
}

/** Shell code that sets the variables: no value is ever seen in a list of processes. */
export function toShell(environment: Record<string, string>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`)
    .join('')
}

/** The user's login shell. */
export async function findShell(): Promise<string> {
  return access('/bin/bash').then(
    () => '/bin/bash',
    () => '/bin/sh',
  )
}
