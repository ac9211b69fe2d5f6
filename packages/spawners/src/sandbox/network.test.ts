import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { AddressInfo } from 'node:net'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { IsolationGap } from '../spawner.ts'
import { shellServer } from '../testing/shell-server.ts'
import { identify } from './process.ts'
import { findProgram } from './run.ts'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'

let bed: SandboxBed
const servers: Server[] = []
const never = new AbortController().signal

beforeEach(async () => {
  bed = await createSandboxBed()
})

afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await bed.close()
})

/** A server on the host's loopback. */
async function listen(answer: string, host = '127.0.0.1'): Promise<number> {
  const server = createServer((_, response) => response.end(answer)).listen(0, host)
  servers.push(server)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test('of the host’s loopback it reaches the front door and nothing else', async () => {
  const [frontDoor, other] = [await listen('front door'), await listen('other')]
  const shell = await bed.startShell({ frontDoorPort: frontDoor })
  expect(shell.handle.network).not.toBeNull()
  const get = (host: string, port: number): Promise<string> => shell.print(`curl -s -m 2 http://${host}:${port}/`)
  expect(await get('127.0.0.1', frontDoor)).toBe('front door')
  expect(await get('localhost', frontDoor)).toBe('front door')
  const gateway = (await shell.print("ip route | awk '/^default/ {print $3}'")).trim()
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  for (const host of [
    '127.0.0.1',
    '[::1]',
    gateway,
    ...own.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
  ])
    expect(await get(host, other), host).toBe('')
})

test('the metadata service of a cloud is out of reach', async () => {
  const shell = await bed.startShell()
  // A connected UDP socket sends nothing, it only looks for the way: 0 where there is one, else the error's name.
  const way = (address: string): Promise<string> =>
    shell.print(`python3 -c "
import errno, socket, sys
family, _, _, _, address = socket.getaddrinfo('${address}', 80, type=socket.SOCK_DGRAM)[0]
code = socket.socket(family, socket.SOCK_DGRAM).connect_ex(address)
sys.stdout.write(errno.errorcode.get(code, str(code)))"`)
  for (const address of [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.1.53',
    '100.100.100.200',
    '168.63.129.16',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    'fd20:ce::254',
  ])
    expect(await way(address), address).toMatch(/^E(NET|HOST)UNREACH$/)
  if ((await shell.print('ip route')).startsWith('default')) expect(await way('100.100.100.201')).toBe('0')
})

test('nobody reaches what it listens on, and it has no say over its interfaces', async () => {
  const shell = await bed.startShell()
  // A port that is free on the host now, however crowded it is.
  const port = await listen('')
  servers.pop()?.close()
  await shell.print(
    `python3 -m http.server ${port} > /dev/null 2>&1 & until curl -sf http://127.0.0.1:${port}; do :; done`,
  )
  expect(await shell.print(`curl -s http://127.0.0.1:${port}/`)).toContain('Directory listing')
  const answer = await fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.text(),
    () => 'none',
  )
  expect(answer).not.toContain('Directory listing')
  for (const attempt of ['ip link set eth0 down', 'ip link add type dummy', 'ip address add 10.9.9.9/24 dev lo'])
    expect(await shell.succeeds(attempt), attempt).toBe(false)
})

/** A machine with one way to the world and a resolver, which `$1` says where it is told. */
const machine = `set -e
ip link set lo up
ip address add 203.0.113.53/32 dev lo
ip tuntap add uplink mode tap
ip address add 198.51.100.2/24 dev uplink
ip link set uplink up
ip route add default via 198.51.100.1
echo "nameserver $1" > "$2"
mount --bind "$2" /etc/resolv.conf
shift 2
exec "$@"`

test.runIf(isRoot).each([
  ['elsewhere', '203.0.113.53'],
  ['on the machine’s loopback', '127.0.0.53'],
])('names are found by a resolver that is %s', async (_, address) => {
  const request = await bed.request(`
    import { lookup } from 'node:dns/promises'
    import { writeFileSync } from 'node:fs'
    const answer = await lookup('printer.lab.test', { family: 4 }).then(({ address }) => address, String)
    writeFileSync(process.env.HOME + '/answer', answer)
    ${shellServer}`)
  const [resolver, program] = ['resolver', 'service'].map((name) =>
    fileURLToPath(new URL(`testing/${name}.ts`, import.meta.url)),
  )
  const task = JSON.stringify({ runtimeDir: bed.runtimeDir, request, options: { network: 'private' } })
  const inMachine = ['--net', '--mount', 'sh', '-c', machine, 'sh', address, join(bed.folder, 'resolv.conf')]
  const args = [...inMachine, process.execPath, resolver ?? '', address, process.execPath, program ?? '', task]
  const service = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(service, 'exit')
  try {
    for await (const line of createInterface({ input: service.stdout })) if (line.includes('"started"')) break
    expect(await bed.readHome(request, 'answer')).toBe('192.0.2.77')
  } finally {
    service.kill('SIGTERM')
    await ended
  }
})

test('the network ends with the server', async () => {
  const shell = await bed.startShell()
  const pid = shell.handle.network?.pid ?? 0
  expect(await identify(pid)).not.toBeNull()
  await bed.spawner.stop(shell.handle, never)
  expect(await identify(pid)).toBeNull()
})

test('with the network of the host, all of it is there', async () => {
  bed.spawner = bed.create({ network: 'host' })
  const port = await listen('other')
  const shell = await bed.startShell()
  expect(shell.handle.network).toBeNull()
  expect(await shell.print(`curl -s http://127.0.0.1:${port}/`)).toBe('other')
})

/** A folder with the programs that a sandbox needs, but for some. */
async function programsWithout(...missing: string[]): Promise<string> {
  const folder = join(bed.folder, `bin${missing.join('')}`)
  await mkdir(folder)
  const names = [
    'bwrap',
    'setpriv',
    'prlimit',
    'unshare',
    'nsenter',
    'split',
    'bash',
    'mknod',
    'pasta',
    'python3',
    'ip',
  ]
  for (const name of names.filter((one) => !missing.includes(one))) {
    const path = await findProgram(name)
    if (path !== null) await symlink(path, join(folder, name))
  }
  return folder
}

async function networkGaps(): Promise<IsolationGap[]> {
  const gaps = (await bed.spawner.prepare?.()) ?? []
  return gaps.filter(({ kind }) => kind === 'network' || kind === 'metadata')
}

test('where all can be had, nothing is said', async () => {
  expect(await networkGaps()).toEqual([])
})

test('without pasta, `auto` takes the host’s network and says all that it means; `private` refuses', async () => {
  const searchPath = await programsWithout('pasta')
  bed.spawner = bed.create({ searchPath })
  expect((await bed.startShell()).handle.network).toBeNull()
  const gaps = await networkGaps()
  expect(gaps).toMatchObject([{ kind: 'network', mend: expect.stringContaining('passt') as string }])
  for (const word of ['pasta is missing', 'loopback', 'each other’s ports', 'metadata service'])
    expect(gaps[0]?.message).toContain(word)
  await bed.spawner.sweep?.([])

  bed.spawner = bed.create({ searchPath, network: 'private' })
  await expect(bed.startShell()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('pasta') as string,
    mend: expect.stringContaining('passt') as string,
  })
})

test('without ip, the metadata service of a cloud is said to be in reach', async () => {
  bed.spawner = bed.create({ searchPath: await programsWithout('ip') })
  expect(await networkGaps()).toMatchObject([{ kind: 'metadata', mend: 'Install the package iproute2.' }])
})

test('a way to the metadata service that stays open is found', async () => {
  const searchPath = await programsWithout('ip')
  // Like the ip of a system whose kernel knows neither rules nor such routes.
  const ip = join(searchPath, 'ip')
  await writeFile(ip, `#!/bin/sh\ntest "$1" = route || exit 1\ntest "$3" = 168.63.129.16\n`)
  await chmod(ip, 0o755)
  if (isRoot) await chmod(bed.folder, 0o711)
  bed.spawner = bed.create({ searchPath })
  expect(await networkGaps()).toMatchObject([
    { kind: 'metadata', message: expect.stringContaining('168.63.129.16') as string },
  ])
})

test('a network that was given up by configuration is said, too', async () => {
  bed.spawner = bed.create({ network: 'host' })
  expect(await networkGaps()).toMatchObject([{ kind: 'network', mend: expect.stringContaining('auto') as string }])
})

test('a pasta that does not work is found out before the first start', async () => {
  const searchPath = await programsWithout('pasta')
  await writeFile(join(searchPath, 'pasta'), '#!/bin/sh\necho "Failed to open() /dev/net/tun" >&2\nexit 1\n')
  await chmod(join(searchPath, 'pasta'), 0o755)
  if (isRoot) await chmod(bed.folder, 0o711)
  bed.spawner = bed.create({ searchPath, network: 'private' })
  await expect(bed.startShell()).rejects.toThrow('Failed to open() /dev/net/tun')
  expect(await bed.leftovers()).toEqual([])
  bed.spawner = bed.create({ searchPath })
  expect((await bed.startShell()).handle.network).toBeNull()
})

test('a missing program is named, with its package; once installed all is well', async () => {
  const searchPath = await programsWithout('bwrap')
  bed.spawner = bed.create({ searchPath })
  await expect(bed.startShell()).rejects.toMatchObject({
    message: expect.stringContaining('bwrap') as string,
    mend: 'Install the package bubblewrap.',
  })
  await symlink((await findProgram('bwrap')) ?? '', join(searchPath, 'bwrap'))
  const shell = await bed.startShell()
  expect(await shell.print('echo alive')).toBe('alive\n')
})

test('a bubblewrap that may not make namespaces is quoted', async () => {
  const searchPath = await programsWithout('bwrap')
  await writeFile(
    join(searchPath, 'bwrap'),
    '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n',
  )
  await chmod(join(searchPath, 'bwrap'), 0o755)
  bed.spawner = bed.create({ searchPath })
  const error: unknown = await bed.spawner
    .start(await bed.request(shellServer), never, () => {})
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('No permissions to create') as string,
  })
  expect(await bed.leftovers()).toEqual([])
})
