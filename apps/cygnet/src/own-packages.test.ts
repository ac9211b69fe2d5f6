import { chmod, lstat, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSilentLogger } from '@cygnet/core/log'
import { createOwnPackages, type OwnPackagesStore } from '@cygnet/software/own-packages'
import { preparePythonRelease, type InstalledRelease } from '@cygnet/software/python-release'
import { createSandboxBed, isRoot, type SandboxBed, type Shell } from '@cygnet/spawners/sandbox/testing/bed'
import { runAsOrdinaryUser } from '@cygnet/spawners/sandbox/testing/ordinary-user'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOwnPackagesModes, type OwnPackagesMode } from './own-packages-mode.ts'
import { toSessionPackages } from './session-packages.ts'
import { buildWheel } from './testing/wheels.ts'

// pip takes seconds where other things take milliseconds.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 })

const never = new AbortController().signal
const helpers = fileURLToPath(new URL('../../../python', import.meta.url))

let installed: string
let wheels: string
let releases: InstalledRelease[]
let bed: SandboxBed
let store: OwnPackagesStore

beforeAll(async () => {
  installed = await mkdtemp('/tmp/cygnet-r-')
  await chmod(installed, 0o755)
  wheels = join(installed, 'wheels')
  const demo = await buildWheel(wheels, 'demo', '1.0')
  await buildWheel(wheels, 'demo', '2.0')
  await buildWheel(wheels, 'extra', '1.0')
  await buildWheel(wheels, 'needy', '1.0', ['demo>=2'])
  releases = await Promise.all(
    ['first', 'second'].map(async (id) => {
      const folder = join(installed, 'declared', id)
      await mkdir(folder, { recursive: true })
      const lock = `# ${id}\n--find-links ${wheels}\n--no-index\ndemo==1.0 --hash=sha256:${demo.sha256}\n`
      await writeFile(join(folder, 'requirements.lock'), lock)
      const declaration = { id, title: id, description: '', kind: 'python' as const, highlights: [], folder }
      const options = {
        folder: join(installed, 'software'),
        python: '/usr/bin/python3',
        report: () => {},
        signal: never,
      }
      return preparePythonRelease(declaration, options)
    }),
  )
})

afterAll(async () => {
  await rm(installed, { recursive: true, force: true })
})

beforeEach(async () => {
  bed = await createSandboxBed()
  store = createOwnPackages(join(bed.folder, 'packages'))
})

afterEach(async () => {
  await bed.close()
})

interface User {
  name: string
  uid: number | null
  home: string
}

async function start(user: User, mode: OwnPackagesMode, release = releases[0]): Promise<Shell> {
  if (release === undefined) throw new Error('There is no release.')
  const packages = toSessionPackages(release, await store.open(user, release), mode)
  const tools = [
    { source: helpers, target: '/opt/cygnet/python' },
    { source: wheels, target: '/opt/wheels' },
  ]
  const { name, uid, home } = user
  return bed.startShell({
    user: { name, uid },
    home,
    software: [...packages.software, ...tools],
    command: [...packages.before, '/opt/cygnet/node', '/opt/cygnet/program.mjs'],
    environment: {
      VIRTUAL_ENV: packages.prefix,
      PATH: [`${packages.prefix}/bin`, ...packages.path, '/usr/bin:/bin'].join(':'),
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: '/opt/wheels',
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
    },
  })
}

/** What a script prints, its complaints as well. */
async function all(shell: Shell, script: string): Promise<string> {
  return shell.print(`(${script}
) 2>&1`)
}

test('the machine of the tests can lay packages over a release', async () => {
  const uid = isRoot ? 250_999 : null
  const modeOf = createOwnPackagesModes({ spawner: bed.spawner, store, uid, log: createSilentLogger() })
  for (const release of releases) expect(await modeOf(release)).toBe('layer')
})

test('where it cannot, the log says so once, and what it means', async () => {
  const [release] = releases
  const lines: unknown[] = []
  const log = { ...createSilentLogger(), warn: (...words: unknown[]) => void lines.push(words) } as never
  const spawner = { tryLayer: async () => Promise.reject(new Error('no overlay')) }
  const modeOf = createOwnPackagesModes({ spawner, store, uid: null, log })
  if (release === undefined) throw new Error('There is no release.')
  expect([await modeOf(release), await modeOf(release)]).toEqual(['environment', 'environment'])
  expect(JSON.stringify(lines)).toMatch(/^\[\[.*goes beside the release and not over it.*\]\]$/)
})

// Beside the release it is the same for root.
const modes: OwnPackagesMode[] = isRoot ? ['layer'] : ['layer', 'environment']

describe.each(modes)('kept in a %s', (mode) => {
  let ada: User

  beforeEach(async () => {
    ada = await bed.createUser()
  })

  test('what is installed can be imported by the same process, which missed it before', async () => {
    const shell = await start(ada, mode)
    const script = `python - <<'END'
import subprocess, sys
try:
    import extra
except ImportError:
    print('missing')
subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', 'extra'], check=True)
import extra
print(extra.__version__)
END
extra; head -1 $(which extra)`
    const prefix = mode === 'layer' ? '/software/first' : '/software/own/first'
    expect(await all(shell, script)).toBe(`missing\n1.0\nextra 1.0 ${prefix}\n#!${prefix}/bin/python\n`)
  })

  test('what the release has is replaced, and back when the replacement is uninstalled', async () => {
    const shell = await start(ada, mode)
    expect(await all(shell, 'demo; pip install -q --upgrade demo; demo; pip list')).toMatch(
      /^demo 1\.0 .*\ndemo 2\.0 .*\n(.*\n)*demo +2\.0\n/,
    )
    const script = `python - <<'END'
import subprocess, sys
subprocess.run([sys.executable, '-m', 'pip', 'uninstall', '-qy', 'demo'], check=True)
import demo, demo.only_in_1_0
print(demo.__version__)
try:
    import demo.only_in_2_0
except ImportError:
    print('clean')
END
demo; pip list`
    expect(await shell.print(script)).toMatch(/^1\.0\nclean\ndemo 1\.0 .*\n(.*\n)*demo +1\.0\n/)
  })

  test('any other tool than pip may take the replacement away', async () => {
    const shell = await start(ada, mode)
    const site = `$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')`
    const script = `pip install -q --upgrade demo; cd ${site}; python - <<'END'
import subprocess
subprocess.run('rm -r demo demo-2.0.dist-info', shell=True, check=True)
import demo
print(demo.__version__)
END`
    expect(await all(shell, script)).toBe('1.0\n')
  })

  test('a broken requirement is told', async () => {
    const shell = await start(ada, mode)
    const script = 'pip install -q --no-deps needy; pip check; pip install -q needy; pip check; pip list | grep demo'
    expect(await all(shell, script)).toMatch(
      /^needy 1\.0 has requirement demo>=2, but you have demo 1\.0\.\nNo broken requirements found\.\ndemo +2\.0\n$/,
    )
  })

  test('a project of one’s own is installed in place', async () => {
    const shell = await start(ada, mode)
    const setup = `from setuptools import setup; setup(name='mine', version='1', py_modules=['mine'])`
    const script = `mkdir ~/mine && cd ~/mine && echo "${setup}" > setup.py && echo 'x = 1' > mine.py
      pip install -q --no-build-isolation -e . && cd / && python -c 'import mine; print(mine.x, mine.__file__)'`
    expect(await all(shell, script)).toContain(`1 /home/${ada.name}/mine/mine.py\n`)
    // Beside the release it is there at the next start of a Python.
    if (mode !== 'layer') return
    const later = `pip uninstall -qy mine; cd / && python - <<'END'
import subprocess, sys, os
project = os.path.expanduser('~/mine')
subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--no-build-isolation', '-e', project], check=True)
import mine
print('in the same process', mine.x)
END`
    expect(await all(shell, later)).toContain('in the same process 1\n')
  })

  test('an environment of one’s own is one’s own', async () => {
    const shell = await start(ada, mode)
    const script = `cd ~ && python -m venv env && env/bin/pip install -q extra && env/bin/extra
      env/bin/python -c 'import demo' 2>&1 | tail -1; python -c 'import extra' 2>&1 | tail -1
      . env/bin/activate; pip install -q demo; demo; echo $VIRTUAL_ENV`
    const env = `/home/${ada.name}/env`
    expect(await all(shell, script)).toBe(
      `extra 1.0 ${env}\nModuleNotFoundError: No module named 'demo'\nModuleNotFoundError: No module named 'extra'\ndemo 2.0 ${env}\n${env}\n`,
    )
  })

  test('it is there after a restart, for this user and this release alone, until it is reset', async () => {
    const before = await snapshot(releases[0]?.root ?? '')
    const shell = await start(ada, mode)
    await all(shell, 'pip install -q extra && pip install -q --upgrade demo')
    await bed.spawner.stop(shell.handle, never)
    const again = await start(ada, mode)
    expect(await all(again, 'extra; demo')).toMatch(/^extra 1\.0 .*\ndemo 2\.0 .*\n$/)
    await bed.spawner.stop(again.handle, never)
    const look = 'demo; pip list | grep -c extra'
    const [bob, other] = [await start(await bed.createUser(), mode), await start(ada, mode, releases[1])]
    for (const one of [bob, other]) expect(await all(one, look)).toMatch(/^demo 1\.0 .*\n0\n$/)

    const [own, ...more] = await store.list(ada.name, releases, never)
    const id = `first-${releases[0]?.key}`
    expect(own).toMatchObject({
      id,
      release: 'first',
      isCurrent: true,
      packages: [{ name: 'demo', version: '2.0' }, { name: 'extra' }],
    })
    expect(own?.bytes).toBeGreaterThan(1000)
    expect(more).toEqual([])
    await bed.spawner.stop(other.handle, never)
    await store.reset(ada.name, id)
    expect(await all(await start(ada, mode), look)).toMatch(/^demo 1\.0 .*\n0\n$/)
    expect(await snapshot(releases[0]?.root ?? '')).toEqual(before)
  })
})

test('what the release itself has can be taken away, which is said, and brought back', async () => {
  const shell = await start(await bed.createUser(), 'layer')
  expect(await all(shell, 'pip uninstall -y demo')).toContain(
    'Hidden from you, though the release first has it. To get it back: pip install demo==1.0\n',
  )
  expect(await all(shell, 'python -c "import demo" | tail -1; pip list | grep -c demo')).toMatch(/No module.*\n0\n$/)
  expect(await all(shell, 'pip install -q demo==1.0; demo')).toBe('demo 1.0 /software/first\n')
})

test('while somebody is at work on the packages, nothing is brought back between', async () => {
  const shell = await start(await bed.createUser(), 'layer')
  const script = `pip install -q --upgrade demo
    flock $VIRTUAL_ENV/.lock sh -c 'rm -r $VIRTUAL_ENV/lib/python3*/site-packages/demo*; python -c "import demo" 2>&1 | tail -1'
    python -c 'import demo; print(demo.__version__)'`
  expect(await all(shell, script)).toMatch(/No module.*\n1\.0\n$/)
})

test('a reset takes away also what lies deeper than a path may be long, and what an earlier one left', async () => {
  const ada = await bed.createUser()
  const shell = await start(ada, 'layer')
  const script = `cd $VIRTUAL_ENV && python - <<'END'
import os
os.mkdir('deep')
os.chdir('deep')
for _ in range(40):
    os.mkdir('d' * 200)
    os.chdir('d' * 200)
open('file', 'w').close()
END`
  expect(await all(shell, script)).toBe('')
  await bed.spawner.stop(shell.handle, never)
  await mkdir(join(store.folder, '.doomed-earlier', 'some'), { recursive: true })
  await store.reset(ada.name, `first-${releases[0]?.key}`)
  await store.sweep()
  expect((await readdir(store.folder)).filter((name) => name.startsWith('.doomed-'))).toEqual([])
})

test.runIf(isRoot)('packages of an earlier installation into the home are still found', async () => {
  const ada = await bed.createUser()
  const shell = await start(ada, 'layer')
  const script = `pip install -q --prefix ~/.local/releases/first extra 2>/dev/null; python -c 'import extra; print(extra.__file__)'`
  expect(await all(shell, script)).toContain(`/home/${ada.name}/.local/releases/first/`)
})

// All of it again, as the service of an ordinary user.
test.runIf(isRoot)('all of it works for the service of an ordinary user', { timeout: 600_000 }, async () => {
  expect(await runAsOrdinaryUser(fileURLToPath(import.meta.url))).toBeGreaterThan(15)
})

/** Names, sizes and times of all files. */
async function snapshot(root: string): Promise<string[]> {
  const names = (await readdir(root, { recursive: true })).toSorted()
  return Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs, uid, mode } = await lstat(join(root, name))
      return [name, size, mtimeMs, uid, mode].join(' ')
    }),
  )
}
