import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { IsolationGap, Started, StartRequest } from '../spawner.ts'
import { shellServer } from '../testing/shell-server.ts'
import type { SandboxHandle, SandboxOptions } from './spawner.ts'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'
import { withDevices, type TunState } from './testing/devices.ts'
import { systemPath } from './run.ts'

let bed: SandboxBed
const program = fileURLToPath(new URL('testing/service.ts', import.meta.url))
const uid = 60_124

beforeEach(async () => {
  bed = await createSandboxBed()
})

afterEach(async () => {
  await bed.close()
})

interface Task {
  runtimeDir: string
  request?: StartRequest
  options?: Partial<SandboxOptions>
}

interface Told {
  gaps?: IsolationGap[]
  started?: Started<SandboxHandle>
}

/** Runs a service on a machine with such a device, until it has told what `isWanted`, and looks at it then. */
async function serve(
  tun: TunState,
  task: Task,
  { asUser = [] as string[], isWanted }: { asUser?: string[]; isWanted: (told: Told) => boolean },
  look: (told: Told, devices: string) => Promise<void>,
): Promise<void> {
  const [unshare, ...args] = withDevices(tun, [...asUser, process.execPath, program, JSON.stringify(task)])
  const service = spawn(unshare, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(service, 'exit')
  try {
    for await (const line of createInterface({ input: service.stdout })) {
      const told = JSON.parse(line) as Told
      if (isWanted(told)) return await look(told, `/proc/${service.pid}/root/dev`)
    }
    throw new Error('It did not tell.')
  } finally {
    service.kill('SIGTERM')
    await ended
  }
}

/** Says which interfaces it has. */
const interfacesTeller = `
  import { writeFileSync } from 'node:fs'
  import { networkInterfaces } from 'node:os'
  writeFileSync(process.env.HOME + '/interfaces', Object.keys(networkInterfaces()).join())
  ${shellServer}`

test.runIf(isRoot).each(['0600', '0666', 'none', 'no folder'] as const)(
  'a service of root has networks with a tun device like this, and leaves it alone: %s',
  async (tun) => {
    const request = await bed.request(interfacesTeller)
    const task: Task = { runtimeDir: bed.runtimeDir, request, options: { network: 'private' } }
    await serve(tun, task, { isWanted: ({ started }) => started !== undefined }, async ({ started }, devices) => {
      expect(started?.handle.network).not.toBeNull()
      expect(await bed.readHome(request, 'interfaces')).toMatch(/^lo,./)
      const node = await stat(`${devices}/net/tun`).catch(() => null)
      if (tun.startsWith('no')) expect(node).toBeNull()
      else expect(((node?.mode ?? 0) & 0o777).toString(8)).toBe(tun.slice(1))
    })
  },
)

test.runIf(isRoot)('root says so where the kernel has no such device', async () => {
  const folder = join(bed.folder, 'bin')
  await mkdir(folder)
  const fake = join(folder, 'mknod')
  await writeFile(
    fake,
    '#!/bin/sh\n[ "$6" = 3 ] && exec /usr/bin/mknod "$@"\nexec /usr/bin/mknod "$1" "$2" "$3" c 10 254\n',
  )
  await chmod(fake, 0o755)
  const task: Task = { runtimeDir: bed.runtimeDir, options: { searchPath: `${folder}:${systemPath}` } }
  await serve('0600', task, { isWanted: () => true }, async ({ gaps }) => {
    expect(gaps?.find(({ kind }) => kind === 'network')).toMatchObject({
      message: expect.stringContaining('its module tun is not loaded') as string,
      mend: expect.stringContaining('modprobe tun') as string,
    })
  })
})

test.runIf(isRoot).each([
  ['0600', 'may not be opened by the service', 'chmod 666 /dev/net/tun'],
  ['none', 'is missing on this machine', 'mknod -m 666 /dev/net/tun c 10 200'],
  ['no folder', 'is missing on this machine', 'mkdir -p /dev/net'],
  ['no module', 'its module tun is not loaded', 'modprobe tun'],
  ['0666', null, null],
] as const)('an ordinary user’s service says what to do: %s', async (tun, why, mend) => {
  const runtimeDir = join(bed.folder, 'theirs')
  await mkdir(runtimeDir)
  await chown(runtimeDir, uid, uid)
  await chmod(bed.folder, 0o711)
  const asUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
  await serve(tun, { runtimeDir }, { asUser, isWanted: () => true }, async ({ gaps }) => {
    const gap = gaps?.find(({ kind }) => kind === 'network')
    if (why === null) expect(gap).toBeUndefined()
    else
      expect(gap).toMatchObject({
        message: expect.stringContaining(why) as string,
        mend: expect.stringContaining(mend) as string,
      })
  })
})
