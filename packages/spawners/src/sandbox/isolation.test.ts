import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sessionFolder } from './session-folder.ts'
import { createSandboxBed, isRoot, type SandboxBed } from './testing/bed.ts'

let bed: SandboxBed

beforeEach(async () => {
  bed = await createSandboxBed()
})

afterEach(async () => {
  await bed.close()
})

test('nothing of the service, of other users and of the host is seen', async () => {
  const other = await bed.startShell()
  const shell = await bed.startShell()
  expect(await shell.print('ls -A /')).toBe(
    'bin\ndev\netc\nhome\nlib\nlib64\nopt\nproc\nrun\nsbin\nsys\ntmp\nusr\nvar\n',
  )
  expect(await shell.print('ls -A /home')).toBe(`${shell.request.user.name}\n`)
  expect(await shell.print('ls -A /tmp /var/tmp/ /dev/shm')).toBe('/dev/shm:\n\n/tmp:\n\n/var/tmp/:\n')
  expect(await shell.print('ls -A /run')).toBe('cygnet\ncygnet-environment\n')
  for (const path of [
    bed.folder,
    join(bed.folder, 'secret.sqlite'),
    other.request.home,
    '/root',
    '/etc/shadow',
    '/boot',
  ])
    expect(await shell.succeeds(`ls ${path}`), path).toBe(false)
  expect(await shell.print('ls -A /run/cygnet')).toBe('server.sock\n')
  expect(await shell.print('ls /dev')).not.toMatch(/vda|sda|kmsg|mem\b|fuse|tun|console/)
  // However many dots or detours.
  expect(await shell.succeeds(`ls ~/../../..${bed.folder}`)).toBe(false)
  expect(await shell.succeeds(`ls /proc/1/root/ /proc/1/cwd/${bed.folder}`)).toBe(false)
})

test('only the home, the runtime folder and scratch space are writable', async () => {
  const shell = await bed.startShell()
  const mounts =
    await shell.print(`for d in $(find / -xdev -type d 2> /dev/null; cut -d' ' -f5 /proc/self/mountinfo); do
    test -w "$d" && echo "$d"; done | grep -v ^/proc | sort -u`)
  const writable = mounts.trim().split('\n')
  expect(new Set(writable.filter((path) => !path.startsWith('/dev/')))).toEqual(
    new Set([
      '/run/cygnet',
      '/tmp',
      `/home/${shell.request.user.name}`,
      ...writable.filter((path) => path === '/var/tmp'),
    ]),
  )
  for (const path of ['/x', '/etc/x', '/usr/x', '/opt/cygnet/x', '/dev/x', '/home/x', '/run/x', '/sys/devices/x'])
    expect(await shell.succeeds(`echo > ${path}`), path).toBe(false)
  expect(await shell.succeeds('echo >> /opt/cygnet/program.mjs')).toBe(false)
})

test('only its own processes are seen, and no other is harmed', async () => {
  const shell = await bed.startShell()
  const pids = (await shell.print('ls /proc | grep -E "^[0-9]+$"')).trim().split('\n').map(Number)
  expect(pids.length).toBeLessThan(12)
  expect(await shell.print('cat /proc/2/comm')).toMatch(/node|MainThread/)
  await shell.print(`kill -KILL 1; kill -KILL ${process.pid}`)
  expect(await shell.print('echo alive')).toBe('alive\n')
})

test('the program has its uid, no rights and no way to more', async () => {
  const shell = await bed.startShell()
  const uid = shell.request.user.uid ?? process.getuid?.()
  expect(await shell.print('id')).toBe(
    `uid=${uid}(${shell.request.user.name}) gid=${uid}(${shell.request.user.name}) groups=${uid}(${shell.request.user.name})\n`,
  )
  const status = await shell.print('cat /proc/self/status')
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    expect(status).toContain(`${set}:\t0000000000000000`)
  expect(status).toContain('NoNewPrivs:\t1')
  expect(status).toContain('Seccomp:\t2')
  expect(await shell.print('grep -c . /proc/mounts')).not.toBe('0\n')
  expect(await shell.print("awk '!/nosuid/' /proc/mounts")).toBe('')
  const attempts = [
    'mount -t tmpfs none /tmp',
    'unshare --user true',
    'unshare --map-root-user --mount true',
    'unshare --mount true',
    'bwrap --ro-bind / / true',
    'nsenter --target 1 --mount true',
    'chroot / true',
    'hostname other',
    'mknod /tmp/null c 1 3',
    'dmesg',
    `python3 -c 'import os; os.setuid(0)'`,
    `python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)'`,
    `python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'`,
  ]
  for (const attempt of attempts) expect(await shell.succeeds(attempt), attempt).toBe(false)
})

test('system calls that sandboxes were left by are refused', async ({ skip }) => {
  if (process.arch !== 'x64') skip()
  const shell = await bed.startShell()
  const answers = await shell.print(`python3 - <<'END'
import ctypes, errno, os, pty, fcntl, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
def call(*numbers):
    result = libc.syscall(*[ctypes.c_long(number) for number in numbers])
    return 'ok' if result >= 0 else errno.errorcode[ctypes.get_errno()]
print('keyctl', call(250, 0, -3, 0))
print('bpf', call(321, 0, 0, 0))
print('io_uring_setup', call(425, 1, 0))
print('userfaultfd', call(323, 0))
print('perf_event_open', call(298, 0, 0, 0, 0, 0))
print('clone3', call(435, 0, 0))
print('unshare user', call(272, 0x10000000))
print('unshare nothing', call(272, 0))
print('fsopen', call(430, 0, 0))
print('getpid of x32', call(0x40000000 + 39))
for family in (1, 2, 10, 16, 17, 38, 40):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
        print('socket', family, 'ok')
    except OSError as error:
        print('socket', family, errno.errorcode[error.errno])
leader, follower = pty.openpty()
try:
    fcntl.ioctl(follower, 0x5412, b'x')
    print('TIOCSTI ok')
except OSError as error:
    print('TIOCSTI', errno.errorcode[error.errno])
thread = threading.Thread(target=lambda: print('thread ok'))
thread.start(); thread.join()
END`)
  expect(answers.trim().split('\n')).toEqual([
    'keyctl EPERM',
    'bpf EPERM',
    'io_uring_setup EPERM',
    'userfaultfd EPERM',
    'perf_event_open EPERM',
    'clone3 ENOSYS',
    'unshare user EPERM',
    'unshare nothing ok',
    'fsopen EPERM',
    'getpid of x32 ENOSYS',
    'socket 1 ok',
    'socket 2 ok',
    'socket 10 ok',
    'socket 16 ok',
    'socket 17 EAFNOSUPPORT',
    'socket 38 EAFNOSUPPORT',
    'socket 40 EAFNOSUPPORT',
    'TIOCSTI EPERM',
    'thread ok',
  ])
})

test('it finds itself at home: names, terminals, locales, certificates, an own host name', async () => {
  const shell = await bed.startShell()
  expect(
    await shell.print('whoami; hostname; getent passwd $USER | cut -d: -f6; getent hosts localhost cygnet | wc -l'),
  ).toBe(`${shell.request.user.name}\ncygnet\n/home/${shell.request.user.name}\n2\n`)
  expect(await shell.print('cut -d: -f1 /etc/passwd')).toBe(`root\n${shell.request.user.name}\nnobody\n`)
  expect(await shell.print(`python3 -c 'import pty; pty.spawn(["tty"])'`)).toMatch(/^\/dev\/pts\/\d/)
  expect(await shell.succeeds('test -e /etc/localtime && ls /etc/ssl/certs > /dev/null')).toBe(true)
  expect(await shell.print('df --output=size -B1 /tmp /dev/shm | tail -n 2 | sort -u | tr -d " "')).toBe(
    `${shell.request.limits.memoryBytes / 2}\n`,
  )
})

test('a login shell finds what the session was given to find first', async () => {
  const shell = await bed.startShell()
  const path = '/somewhere/bin:/usr/bin:/bin'
  expect(await shell.print(`PATH=${path} bash -l -c 'echo "$PATH"'`)).toBe(`${path}\n`)
  expect(await shell.print(`PATH=${path} bash -l -c 'echo "[$session_path]"'`)).toBe('[]\n')
})

test('no descriptor of the service comes along, and the log takes what programs write to /dev/stderr', async () => {
  const shell = await bed.startShell()
  const open = (await shell.print('for p in /proc/2/fd/*; do readlink $p; done')).split('\n')
  expect(open.filter((path) => path.includes(bed.folder) && !path.endsWith('/log.pipe (deleted)'))).toEqual([])
  expect(await shell.print('ls /proc/self/fd | wc -l')).toBe('4\n')
  if (isRoot) expect(await shell.succeeds('timeout 1 cat /proc/2/fd/2')).toBe(false)
  expect(await shell.succeeds('echo said aloud > /proc/2/fd/2')).toBe(true)
  const log = sessionFolder(bed.runtimeDir, shell.request.id).log
  await expect.poll(() => readFile(log, 'utf8'), { timeout: 20_000 }).toContain('said aloud')
})

test('the environment cannot reach what still has rights', async () => {
  const environment = { LD_DEBUG: 'files', LD_DEBUG_OUTPUT: '/tmp/loaded', LD_PRELOAD: '/tmp/evil.so' }
  const shell = await bed.startShell({ environment })
  const uid = shell.request.user.uid ?? process.getuid?.()
  // Whoever obeyed LD_DEBUG_OUTPUT left a file behind.
  expect(await shell.print('stat -c %u /tmp/loaded.* | sort -u')).toBe(`${uid}\n`)
})

test('software may come from anywhere, such as a closed folder of root, and be at its own path inside', async () => {
  const source = join(bed.folder, 'closed', 'python', '3.11')
  await mkdir(join(bed.folder, 'closed'), { mode: 0o700 })
  await mkdir(join(source, 'bin'), { recursive: true })
  await writeFile(join(source, 'bin', 'interpreter'), '#!/bin/sh\necho it runs\n', { mode: 0o755 })
  const shell = await bed.startShell({ software: [{ source, target: source }] })
  expect(await shell.print(`${source}/bin/interpreter`)).toBe('it runs\n')
  expect(await shell.print(`ls -A ${bed.folder}`)).toBe('closed\n')
})

test('a service with a strict umask has servers that can read what is theirs', async () => {
  const before = process.umask(0o077)
  try {
    const shell = await bed.startShell({ environment: { GREETING: 'hello' } })
    expect(await shell.print('echo $GREETING; whoami; cat /etc/hosts | grep -c localhost')).toBe(
      `hello\n${shell.request.user.name}\n2\n`,
    )
    expect(await shell.print('umask')).toBe('0022\n')
  } finally {
    process.umask(before)
  }
})

test('abstract sockets of the host are out of reach', async () => {
  const server = createServer((socket) => socket.end('reached'))
  const name = `cygnet-test-${process.pid}`
  server.listen(`\0${name}`)
  await once(server, 'listening')
  try {
    const shell = await bed.startShell()
    expect(shell.handle.network).not.toBeNull()
    expect(
      await shell.succeeds(`python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect("\\0${name}")'`),
    ).toBe(false)
  } finally {
    server.close()
  }
})

test.runIf(isRoot)('two users have two uids, on disk too', async () => {
  const [one, two] = [await bed.startShell(), await bed.startShell()]
  expect(one.request.user.uid).not.toBe(two.request.user.uid)
  await one.print('touch ~/mine')
  expect((await stat(join(one.request.home, 'mine'))).uid).toBe(one.request.user.uid)
})
