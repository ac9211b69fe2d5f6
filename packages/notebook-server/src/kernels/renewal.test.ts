import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openKernelSocket } from '../testing/kernel-socket.ts'
import { helpers, startNotebookApi } from '../testing/notebook-api.ts'
import { findRelease } from '../testing/release.ts'

/** What may differ, `process.…`, `module` or `module.name`, and why. Each is a pattern for the whole. */
const allowed: Array<[what: RegExp, why: string]> = [
  [/sys\._xoptions/, 'the debugger needs the sources of frozen modules, and asks for them when the interpreter starts'],
  [/os\.path\.|.*\.__spec__.*/, 'a module was read from its file instead of from the interpreter, for the same reason'],
  [/(_ctypes|ctypes)\._\w+_addr|ctypes(\._endian)?\.pythonapi\._handle/, 'addresses in memory'],
  [/threading\._main_thread\._ident/, 'an address in memory'],
  [
    /ipykernel\.kernelapp\.(kernel|session)_flags|jupyter_client\.session\.session_flags/,
    'a secret: each kernel has its own',
  ],
  [
    /_pydev_bundle\.pydev_log\.(_last_log_time|_LoggingGlobals\..*)/,
    'a time, and a file that is opened when there is a log',
  ],
  [/debugpy\.common\.timestamp\.timestamp_zero|logging\._startTime/, 'a time, checked apart'],
  [/linecache\.cache/, 'the code of this cell'],
  [/sys\.displayhook\.topic/, "the session's own id"],
  [/sys\.(stdout|stderr)\._(fid|original_stdstream_copy)/, 'a number of a file'],
  [/threading\._(shutdown_locks|threading_atexits)/, 'what was imported ahead registers its end'],
  [
    /(_frozen_importlib_external|importlib\._bootstrap_external)\._NamespacePath\._epoch/,
    'how often caches were cleared',
  ],
  [/re\.RegexFlag\..*|_strptime\..*|functools\..*|typing\..*/, 'caches of what was computed'],
  [/_sitebuiltins|_collections_abc|abc|codecs|io|os|site|stat|runpy|genericpath|posixpath|ntpath/, 'see above'],
]

/** What a kernel has imported ahead. */
const ahead =
  /^(asttokens|concurrent|executing|faulthandler|fractions|gc|multiprocessing|pure_eval|pygments|stack_data|numpy|pandas|matplotlib)(\.|$)/

interface Description {
  process: Record<string, unknown>
  modules: Record<string, Record<string, string>>
  parent: string[]
  pid: number
  ppid: number
}

async function describeKernel(withZygote: boolean): Promise<Description> {
  const { python, bin } = findRelease()
  await using outer = await startNotebookApi()
  const environment = {
    HOME: outer.root,
    PATH: `${bin}:/usr/bin:/bin`,
    LANG: 'C.UTF-8',
    TZ: 'Asia/Kathmandu',
    // Or sets were in another order in each.
    PYTHONHASHSEED: '1',
  }
  await using api = await startNotebookApi({
    environment,
    ...(withZygote && { zygote: { python, helpers } }),
  })
  await mkdir(join(api.root, 'work'))
  const kernel = await api.manager.start({ path: 'work/a.ipynb' })
  using socket = await openKernelSocket(api.url, kernel.id)
  const code = await readFile(join(import.meta.dirname, '../testing/describe_process.py'), 'utf8')
  const { text, reply } = await socket.execute(code)
  expect(reply.content).toMatchObject({ status: 'ok' })
  const { pid, ppid } = JSON.parse(text) as Description
  expect(ppid === process.pid).toBe(!withZygote)
  const general = text
    .replaceAll(api.folder, '/tmp/api')
    .replaceAll(outer.folder, '/tmp/home')
    .replaceAll(kernel.id, 'KERNEL')
    .replaceAll(new RegExp(String.raw`\b${pid}\b`, 'g'), 'PID')
    .replaceAll(/"(p?pid)": \w+/g, '"$1": 0')
  return JSON.parse(general) as Description
}

test('a forked kernel holds what one holds that was started by itself', async () => {
  const plain = await describeKernel(false)
  const forked = await describeKernel(true)
  expect(forked.process).toEqual(plain.process)
  // Its parent is another, and nothing remembers that it was once this.
  expect(forked.parent).toEqual([])
  const names = Object.keys(forked.modules)
  expect(names.filter((name) => !(name in plain.modules) && !ahead.test(name))).toEqual([])
  expect(Object.keys(plain.modules).filter((name) => !(name in forked.modules))).toEqual([])
  const differences: string[] = []
  for (const [name, held] of Object.entries(forked.modules)) {
    const other = plain.modules[name]
    if (other === undefined) continue
    for (const key of new Set([...Object.keys(held), ...Object.keys(other)])) {
      if (held[key] === other[key]) continue
      if (allowed.some(([what]) => new RegExp(`^(?:${what.source})$`).test(`${name}.${key}`))) continue
      differences.push(`${name}.${key}: ${firstDifference(held[key] ?? 'nothing', other[key] ?? 'nothing')}`)
    }
  }
  expect(differences).toEqual([])
})

test.each(['spawn', 'forkserver', 'fork'])('workers of %s find a module beside the notebook', async (method) => {
  await using api = await startNotebookApi({ withZygote: true })
  await mkdir(join(api.root, 'work/inner'), { recursive: true })
  await writeFile(join(api.root, 'work/inner/beside.py'), 'import os\ndef look(x): return x * x, os.getcwd()\n')
  const kernel = await api.manager.start({ path: 'work/inner/a.ipynb' })
  using socket = await openKernelSocket(api.url, kernel.id)
  const { text, reply } = await socket.execute(`
import beside, multiprocessing
from concurrent.futures import ProcessPoolExecutor
context = multiprocessing.get_context('${method}')
with context.Pool(1) as pool:
    print(*pool.map_async(beside.look, [3]).get(60))
with ProcessPoolExecutor(1, mp_context=context) as executor:
    print(*executor.map(beside.look, [4], timeout=60))`)
  expect(reply.content).toMatchObject({ status: 'ok' })
  const folder = join(api.root, 'work/inner')
  expect(text).toBe(`(9, '${folder}')\n(16, '${folder}')\n`)
})

test('a forked kernel knows its own matplotlibrc and times', async () => {
  const { python } = findRelease()
  await using api = await startNotebookApi({ zygote: { python, helpers, preload: ['matplotlib.pyplot'] } })
  await mkdir(join(api.root, 'work'))
  await writeFile(join(api.root, 'work/matplotlibrc'), 'lines.linewidth: 7\n')
  const kernel = await api.manager.start({ path: 'work/a.ipynb' })
  using socket = await openKernelSocket(api.url, kernel.id)
  const { text } = await socket.execute(`
import logging, matplotlib, os, psutil, sys, time
print('pyplot' in dir(matplotlib), matplotlib.rcParams['lines.linewidth'], matplotlib.rcParams['backend'])
print(sys.orig_argv[1:3], logging._startTime / (1e9 if sys.version_info >= (3, 13) else 1) >= psutil.Process().create_time() - 1)`)
  expect(text).toBe(`True 7.0 module://matplotlib_inline.backend_inline\n['-m', 'ipykernel_launcher'] True\n`)
})

function firstDifference(forked: string, plain: string): string {
  let at = 0
  while (at < forked.length && forked[at] === plain[at]) at++
  const start = Math.max(0, at - 60)
  return `forked ${forked.slice(start, at + 100)}, by itself ${plain.slice(start, at + 100)}`
}
