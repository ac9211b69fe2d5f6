import { chmod, copyFile, cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { collectLines, findProgram, root, runQuietly } from '../program.mjs'
import { readApt, readNodeCertificates, readNpm, readPip } from './host-configuration.mjs'

/** Where the copy of the checkout lies in the machine. */
export const checkout = '/srv/cygnet'

/** The certificates with which the machine's npm, pip and Node reach the registries. */
const certificates = '/usr/local/share/registries.pem'

/** What the README asks for beside Node, which no suite of Debian has in the versions that are wanted. */
const packages = ['python3', 'git']

/** Fills a folder with a machine's files: Debian's base, Python, git and this machine's Node, and the same way to the registries. */
export async function makeMachine(machine, suite, signal) {
  if ((await findProgram('mmdebstrap')) === null)
    throw new Error('mmdebstrap is missing on this machine. Install it: apt-get install -y mmdebstrap')
  const apt = await readApt(suite)
  const files = { sources: `${machine}.sources`, options: `${machine}.conf` }
  try {
    await writeFile(files.sources, apt.sources)
    await writeFile(files.options, apt.options)
    const options = ['--mode=root', '--variant=minbase', `--include=${packages.join(',')}`, `--aptopt=${files.options}`]
    const bootstrap = ['mmdebstrap', ...options, '--format=directory', apt.suite, machine, files.sources]
    // It mounts /proc, /sys and more below the folder: none of that may outlive it, however it ends.
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    await runQuietly('mmdebstrap', 'unshare', [...namespaces, '--', ...bootstrap], { signal })
  } finally {
    for (const file of Object.values(files)) await rm(file, { force: true })
  }
  // As mkdtemp made it, only root could enter it, and so the machine's top folder.
  await chmod(machine, 0o755)
  await addNode(machine)
  await configureRegistries(machine)
}

/** Removes a machine's files, once nothing runs in it. @throws Error where something is mounted there, which is not the machine's */
export async function removeMachine(machine) {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  if (mounts.includes(` ${machine}`)) throw new Error(`${machine} is not removed: something is mounted there.`)
  await rm(machine, { recursive: true, force: true })
}

/** Copies what git knows or would add, with what was changed since. */
export async function copyCheckout(machine) {
  const target = join(machine, checkout)
  await runQuietly('git clone', 'git', ['clone', '--quiet', '--no-hardlinks', root, target])
  const changed = await listFiles('--modified', '--others', '--exclude-standard')
  const deleted = new Set(await listFiles('--deleted'))
  for (const file of changed) {
    if (deleted.has(file)) await rm(join(target, file), { force: true })
    else await copyOne(join(root, file), join(target, file))
  }
}

async function copyOne(from, to) {
  await mkdir(dirname(to), { recursive: true })
  await cp(from, to, { verbatimSymlinks: true, force: true })
}

async function listFiles(...which) {
  // A line each: git quotes what would not fit in one, and no file of the project has such a name.
  return collectLines('git', ['-C', root, 'ls-files', ...which])
}

/** Node and npm as they run here, at the place where a release from nodejs.org is usually unpacked. */
async function addNode(machine) {
  const [node, npm] = await Promise.all(['node', 'npm'].map(findProgram))
  if (node === null || npm === null) throw new Error('Node and npm are missing on this machine.')
  const local = join(machine, 'usr', 'local')
  await copyFile(await realpath(node), join(local, 'bin', 'node'))
  const folder = dirname(dirname(await realpath(npm)))
  await cp(folder, join(local, 'lib', 'node_modules', 'npm'), { recursive: true, verbatimSymlinks: true })
  for (const name of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name))
}

async function configureRegistries(machine) {
  const [npm, pip] = await Promise.all([readNpm(), readPip()])
  const files = new Set([...npm.certificates, ...pip.certificates, ...readNodeCertificates()])
  const texts = await Promise.all([...files].map((file) => readFile(file, 'utf8')))
  // In a file of its own: the system's is made anew when the package ca-certificates is installed.
  await writeFile(join(machine, certificates), texts.join('\n'))
  const toOwn = (text) => [...files].reduce((result, file) => result.replaceAll(file, certificates), text)
  await mkdir(join(machine, 'usr', 'local', 'etc'), { recursive: true })
  await writeFile(join(machine, 'usr', 'local', 'etc', 'npmrc'), toOwn(npm.text))
  await writeFile(join(machine, 'etc', 'pip.conf'), toOwn(pip.text))
}
