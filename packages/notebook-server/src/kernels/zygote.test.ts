import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isAlive } from '../testing/is-alive.ts'
import { openKernelSocket } from '../testing/kernel-socket.ts'
import { helpers, startNotebookApi, type NotebookApi } from '../testing/notebook-api.ts'
import { findRelease } from '../testing/release.ts'
import type { Kernel } from './kernel.ts'
import { createKernelSpecs } from './kernel-specs.ts'

async function run(api: NotebookApi, kernel: Kernel, code: string): Promise<string> {
  using socket = await openKernelSocket(api.url, kernel.id)
  return (await socket.execute(code)).text.trim()
}

/** The process number of the kernel's parent: the zygote's, or the server's own. */
async function parentOf(api: NotebookApi, kernel: Kernel): Promise<number> {
  return Number(await run(api, kernel, 'import os; print(os.getppid())'))
}

test('a forked kernel sees the same as an ordinary one', async () => {
  const look = `
import json, os, resource, signal, sys, threading, locale, asyncio, multiprocessing, warnings
shown = {
  'path': sys.path, 'program': sys.argv[0], 'arguments': [a for a in sys.argv[1:] if 'kernel-' not in a],
  'executable': sys.executable, 'prefix': sys.prefix, 'cwd': os.getcwd(), 'umask': os.umask(0o22),
  'environment': {k: v for k, v in os.environ.items()}, 'encoding': [locale.getpreferredencoding(), sys.getfilesystemencoding()],
  'signals': {s.name: str(signal.getsignal(s)).split(' at ')[0] for s in signal.valid_signals() if isinstance(s, signal.Signals)},
  'blocked': len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), 'stdin': os.readlink('/proc/self/fd/0'),
  'recursion': sys.getrecursionlimit(), 'files': resource.getrlimit(resource.RLIMIT_NOFILE),
  'method': multiprocessing.get_start_method(), 'threads': sorted(t.name.split('-')[0] for t in threading.enumerate()),
  'leader': os.getpid() == os.getpgid(0) == os.getsid(0), 'terminal': os.isatty(1), 'modules': [m for m in sys.modules if m.startswith('cygnet')],
  'switch': sys.getswitchinterval(), 'gc': __import__('gc').isenabled(), 'filters': len(warnings.filters), 'profile': sys.getprofile(),
}
print(json.dumps(shown))`
  const seen: Array<Record<string, unknown>> = []
  for (const withZygote of [false, true]) {
    await using api = await startNotebookApi({ withZygote })
    const kernel = await api.manager.start({})
    if (withZygote) expect(await parentOf(api, kernel)).not.toBe(process.pid)
    const text = await run(api, kernel, look)
    seen.push(JSON.parse(text.replaceAll(api.folder, '/tmp/x')))
  }
  const [ordinary, forked] = seen
  expect(ordinary?.['leader']).toBe(true)
  expect(forked).toEqual(ordinary)
})

test('gives a kernel the environment of its kernelspec, and starts afresh what the interpreter reads early', async () => {
  await using outer = await startNotebookApi()
  const share = join(outer.folder, 'share')
  for (const [name, env] of Object.entries({
    late: { GREETING: '${HOME}/x' },
    early: { PYTHONHASHSEED: '7' },
    read: { PYDEVD_USE_CYTHON: 'NO' },
  })) {
    const folder = join(share, 'kernels', name)
    await mkdir(folder, { recursive: true })
    const argv = ['python', '-m', 'ipykernel_launcher', '-f', '{connection_file}']
    await writeFile(join(folder, 'kernel.json'), JSON.stringify({ argv, env, display_name: name, language: 'python' }))
  }
  await using api = await startNotebookApi({ withZygote: true, kernelFolders: [share] })
  const late = await api.manager.start({ name: 'late' })
  expect(await run(api, late, 'import os; print(os.environ["GREETING"])')).toBe(`${api.root}/x`)
  expect(await parentOf(api, late)).not.toBe(process.pid)
  const early = await api.manager.start({ name: 'early' })
  expect(await parentOf(api, early)).toBe(process.pid)
  // The debugger has read it when it was imported.
  const read = await api.manager.start({ name: 'read' })
  expect(await parentOf(api, read)).toBe(process.pid)
})

test('kernels outlive it, are still seen to die, and others start meanwhile', async () => {
  await using api = await startNotebookApi({ withZygote: true })
  const kernel = await api.manager.start({})
  await run(api, kernel, 'kept = 41')
  const zygote = await parentOf(api, kernel)
  process.kill(zygote, 'SIGKILL')
  const next = await api.manager.start({})
  expect(await run(api, next, 'print("up")')).toBe('up')
  expect(await run(api, kernel, 'print(kept + 1)')).toBe('42')
  using socket = await openKernelSocket(api.url, kernel.id)
  socket.send('shell', 'execute_request', { code: 'import os; os._exit(1)', silent: false, allow_stdin: false })
  await socket.waitFor(({ content }) => content.execution_state === 'restarting')
  await expect.poll(() => kernel.toModel().execution_state, { timeout: 20_000 }).toBe('idle')
  await expect.poll(async () => parentOf(api, await api.manager.start({})), { timeout: 20_000 }).not.toBe(process.pid)
})

test('is replaced once packages were installed or removed', async () => {
  const { python, share } = findRelease()
  await using outer = await startNotebookApi()
  const folder = join(outer.folder, 'venv')
  execFileSync(python, ['-m', 'venv', '--without-pip', folder])
  const code = 'import site, sys; print(site.getsitepackages()[0])'
  const own = join(folder, 'bin/python')
  const packages = execFileSync(own, ['-c', code], { encoding: 'utf8' }).trim()
  const given = execFileSync(python, ['-c', code], { encoding: 'utf8' }).trim()
  await writeFile(join(packages, 'release.pth'), `${given}\n`)
  await using api = await startNotebookApi({
    specs: createKernelSpecs({ folders: [share], python: own }),
    zygote: { python: own, helpers },
  })
  const first = await parentOf(api, await api.manager.start({}))
  expect(first).not.toBe(process.pid)
  await writeFile(join(packages, 'brand_new.py'), 'value = 5')
  await writeFile(join(packages, 'brand_new.pth'), `${join(outer.folder, 'editable')}\n`)
  await mkdir(join(outer.folder, 'editable'))
  await writeFile(join(outer.folder, 'editable', 'in_place.py'), 'value = 6')
  const fresh = await api.manager.start({})
  expect(await run(api, fresh, 'import brand_new, in_place; print(brand_new.value, in_place.value)')).toBe('5 6')
  await expect.poll(async () => parentOf(api, await api.manager.start({})), { timeout: 20_000 }).not.toBe(process.pid)
  const second = await parentOf(api, await api.manager.start({}))
  expect(second).not.toBe(first)
})

test('gives its memory back when nobody needs it, and still knows how its kernels end', async () => {
  const { python } = findRelease()
  await using api = await startNotebookApi({ zygote: { python, helpers, idleMs: 100 }, times: { restarts: 0 } })
  const kernel = await api.manager.start({})
  const zygote = await parentOf(api, kernel)
  expect(zygote).not.toBe(process.pid)
  await expect.poll(() => readFile(`/proc/${zygote}/cmdline`, 'utf8'), { timeout: 20_000 }).toContain('cygnet.reaper')
  expect(await run(api, kernel, 'print("alive")')).toBe('alive')
  using socket = await openKernelSocket(api.url, kernel.id)
  socket.send('shell', 'execute_request', { code: 'import os; os._exit(5)', silent: false, allow_stdin: false })
  await expect.poll(() => kernel.toModel().reason, { timeout: 20_000 }).toBe('it exited with code 5')
  await expect.poll(() => isAlive(zygote), { timeout: 20_000 }).toBe(false)
  const next = await parentOf(api, await api.manager.start({}))
  expect([process.pid, zygote]).not.toContain(next)
})

test('a zygote that cannot start is done without', async () => {
  await using api = await startNotebookApi({ zygote: { python: '/bin/false', helpers } })
  expect(await run(api, await api.manager.start({}), 'print("up")')).toBe('up')
})

test('modules that are preloaded work in the kernels', async () => {
  const { python } = findRelease()
  const preload = ['numpy', 'pandas', 'matplotlib.pyplot', 'no_such_module']
  await using api = await startNotebookApi({ zygote: { python, helpers, preload } })
  const kernel = await api.manager.start({})
  expect(await parentOf(api, kernel)).not.toBe(process.pid)
  using socket = await openKernelSocket(api.url, kernel.id)
  expect((await socket.execute('import sys; print("pandas" in sys.modules)')).text).toBe('True\n')
  const { published } = await socket.execute(`
import numpy as np, pandas as pd
pd.DataFrame({'x': (np.ones((300, 300)) @ np.ones((300, 300)))[0]}).plot()`)
  expect(published.find(({ type }) => type === 'display_data')?.content.data?.['image/png']).toMatch(/^iVBOR/)
})

test('leaves no process behind when the manager is closed', async () => {
  const api = await startNotebookApi({ withZygote: true })
  const kernel = await api.manager.start({})
  const pids = [await parentOf(api, kernel), Number(await run(api, kernel, 'import os; print(os.getpid())'))]
  await run(api, kernel, 'import subprocess; p = subprocess.Popen(["sleep", "1000"])')
  pids.push(Number(await run(api, kernel, 'print(p.pid)')))
  await api[Symbol.asyncDispose]()
  expect(await Promise.all(pids.map(isAlive))).toEqual([false, false, false])
})

test.each(['ordinary', 'zygote', 'zygote that died'])('kernels end with a server that is killed: %s', async (kind) => {
  const script = fileURLToPath(new URL('../testing/lonely-server.ts', import.meta.url))
  const server = spawn(process.execPath, [script, kind === 'ordinary' ? kind : 'zygote'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
  const { pid, parent, folder } = JSON.parse(line) as { pid: number; parent: number; folder: string }
  expect(parent === server.pid).toBe(kind === 'ordinary')
  if (kind === 'zygote that died') process.kill(parent, 'SIGKILL')
  server.kill('SIGKILL')
  await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false)
  await expect.poll(() => isAlive(parent), { timeout: 20_000 }).toBe(false)
  await rm(folder, { recursive: true, force: true })
})
