import { execFile } from 'node:child_process'
import { access, copyFile, mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const declared = fileURLToPath(new URL('peer', import.meta.url))
const folder = join(dirname(dirname(declared)), '.cache', 'bench', 'peer')

interface Peer {
  python: string
  /** A folder of programs, for the PATH. */
  bin: string
  version: string
}

/** Installs JupyterHub and its proxy, locked, once. */
export async function installPeer(): Promise<Peer> {
  const python = join(folder, 'venv', 'bin', 'python')
  const proxy = join(folder, 'node_modules', '.bin')
  const lock = await readFile(join(declared, 'requirements.lock'), 'utf8')
  const version = /^jupyterhub==(\S+)/m.exec(lock)?.[1] ?? 'unknown'
  const done = join(folder, 'done')
  if (!(await exists(done))) {
    process.stderr.write(`Installing JupyterHub ${version} beside ...\n`)
    await mkdir(folder, { recursive: true })
    await execute('python3', ['-m', 'venv', join(folder, 'venv')])
    await execute(python, ['-m', 'pip', 'install', '-q', '--require-hashes', '-r', join(declared, 'requirements.lock')])
    for (const name of ['package.json', 'package-lock.json']) await copyFile(join(declared, name), join(folder, name))
    await execute('npm', ['ci', '--no-audit', '--no-fund', '--workspaces=false'], { cwd: folder })
    await copyFile(join(declared, 'package.json'), done)
  }
  return { python, bin: `${proxy}:${join(folder, 'venv', 'bin')}`, version }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
