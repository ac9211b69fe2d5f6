import { createHash } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CygnetError } from '@cygnet/core/errors'
import type { HubIdentity } from './app.ts'
import { normalizeBasePath } from './base-path.ts'
import type { ListenAddress } from './listen.ts'

/** What the program was told by its arguments and its environment; arguments win. */
export interface ProgramOptions {
  address: ListenAddress
  basePath: string
  secretSha256: string
  /** Only where it runs alone. */
  token: string | undefined
  root: string
  lab: string | undefined
  runtimeDir: string | undefined
  jupyterFolder: string
  stateFolder: string
  /** Where a runtime folder is made if none is named. */
  temporaryDir: string
  python: string
  /** Jupyter's data folders, the first wins. */
  jupyterPath: string[]
  helpers: string | undefined
  preload: string[]
  hub: HubIdentity | undefined
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** For kernels and terminals: the program's own environment without what is for the program only. */
  environment: Record<string, string>
}

export const help = `Usage: notebook-server [options]

A server that speaks Jupyter Server's API for one user's files and kernels, with JupyterLab.

Where it listens
  --socket PATH       a unix socket (mode 0600)               CYGNET_SOCKET
  --port N            a port; 0 takes a free one              (8888 where no socket is given)
  --host ADDRESS      the address of the port                 (127.0.0.1)
  --base-url PATH     what all its URLs begin with            JUPYTERHUB_SERVICE_PREFIX (/)

Who may use it
  --token SECRET      the secret that requests show; a browser opens /lab?token=SECRET
                      the SHA-256 of the secret, in hex       CYGNET_SECRET_SHA256

What it serves
  --root DIR          the folder of files                     (the home folder)
  --lab DIR           the built JupyterLab                    CYGNET_LAB_DIR
  --python PATH       the interpreter of kernels              CYGNET_PYTHON (python3)
  --python-path DIR   the folder of the package cygnet, for kernels that start at once
                                                              CYGNET_PYTHON_PATH
  --preload MODULES   imported before any kernel starts, with commas between
                                                              CYGNET_PRELOAD
  --jupyter-path DIRS data folders with kernelspecs, with colons between
                                                              JUPYTER_PATH
  --runtime-dir DIR   a private folder with a short path      CYGNET_RUNTIME_DIR (a temporary one)
  --log-level LEVEL   debug, info, warn or error              CYGNET_LOG (info)
  --help              this text

A hub names itself and its user by JUPYTERHUB_USER, JUPYTERHUB_SERVER_NAME, JUPYTERHUB_BASE_URL and JUPYTERHUB_HOST.
SIGTERM ends kernels, terminals and the server in order.
`

/** @throws CygnetError `bad-request` naming the option */
export function parseProgramOptions(args: string[], env: Record<string, string | undefined>): ProgramOptions | 'help' {
  const values = parseArguments(args)
  if (values.help) return 'help'
  const home = env['HOME'] ?? '/'
  const token = values.token
  const python = findProgram(values.python ?? env['CYGNET_PYTHON'] ?? 'python3', env['PATH'] ?? '')
  return {
    address: toAddress(values, env['CYGNET_SOCKET']),
    basePath: normalizeBasePath(values['base-url'] ?? env['JUPYTERHUB_SERVICE_PREFIX'] ?? '/'),
    secretSha256: toHash(token, env['CYGNET_SECRET_SHA256']),
    token,
    root: resolve(values.root ?? home),
    lab: values.lab ?? env['CYGNET_LAB_DIR'],
    runtimeDir: values['runtime-dir'] ?? env['CYGNET_RUNTIME_DIR'],
    jupyterFolder: env['JUPYTER_CONFIG_DIR'] ?? join(home, '.jupyter'),
    stateFolder: join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'cygnet'),
    temporaryDir: env['XDG_RUNTIME_DIR'] ?? tmpdir(),
    python,
    jupyterPath: toDataFolders(home, python, values['jupyter-path'] ?? env['JUPYTER_PATH'] ?? ''),
    helpers: values['python-path'] ?? env['CYGNET_PYTHON_PATH'],
    preload: (values.preload ?? env['CYGNET_PRELOAD'] ?? '').split(',').filter((name) => name !== ''),
    hub: toHub(env),
    logLevel: toLevel(values['log-level'] ?? env['CYGNET_LOG'] ?? 'info'),
    environment: toEnvironment(env),
  }
}

function parseArguments(args: string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args,
      options: {
        socket: text,
        port: text,
        host: text,
        'base-url': text,
        token: text,
        root: text,
        lab: text,
        python: text,
        'python-path': text,
        preload: text,
        'jupyter-path': text,
        'runtime-dir': text,
        'log-level': text,
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new CygnetError('bad-request', cause instanceof Error ? cause.message : String(cause), {
      cause,
      mend: 'See --help.',
    })
  }
}

function toAddress(
  values: { socket?: string; port?: string; host?: string },
  socket: string | undefined,
): ListenAddress {
  const path = values.socket ?? (values.port === undefined ? socket : undefined)
  if (path !== undefined && path !== '') return { kind: 'socket', path: resolve(path) }
  const port = Number(values.port ?? 8888)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new CygnetError('bad-request', `--port must be a number from 0 to 65535, not ${values.port}.`)
  }
  return { kind: 'tcp', host: values.host ?? '127.0.0.1', port }
}

function toHash(token: string | undefined, hash: string | undefined): string {
  if (token !== undefined && token.length < 16) {
    throw new CygnetError('bad-request', 'The secret of --token is too short: it needs 16 characters or more.')
  }
  if (token !== undefined) return createHash('sha256').update(token).digest('hex')
  if (hash !== undefined && /^[0-9a-f]{64}$/i.test(hash)) return hash.toLowerCase()
  throw new CygnetError(
    'bad-request',
    hash === undefined
      ? 'No secret is given: nobody could use this server.'
      : 'CYGNET_SECRET_SHA256 is no SHA-256 in hex.',
    { mend: 'Give --token SECRET, or the SHA-256 of a secret in CYGNET_SECRET_SHA256.' },
  )
}

/** The absolute path of a program; its bare name where it is not to be found, so that the error names it when it is needed. */
function findProgram(name: string, path: string): string {
  if (name.includes('/')) return resolve(name)
  const found = path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
  return found ?? name
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** As Jupyter looks for kernelspecs: the person's own, those named, those of the interpreter, those of the system. */
function toDataFolders(home: string, python: string, named: string): string[] {
  const own = isAbsolute(python) ? [join(dirname(dirname(python)), 'share', 'jupyter')] : []
  const all = [
    join(home, '.local', 'share', 'jupyter'),
    ...named.split(delimiter).filter((path) => path !== ''),
    ...own,
    '/usr/local/share/jupyter',
    '/usr/share/jupyter',
  ]
  return [...new Set(all)]
}

function toHub(env: Record<string, string | undefined>): HubIdentity | undefined {
  const user = env['JUPYTERHUB_USER']
  if (user === undefined || user === '') return undefined
  return {
    user,
    serverName: env['JUPYTERHUB_SERVER_NAME'] ?? '',
    basePath: env['JUPYTERHUB_BASE_URL'] ?? '/',
    host: env['JUPYTERHUB_HOST'] ?? '',
  }
}

function toLevel(level: string): ProgramOptions['logLevel'] {
  if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error') return level
  throw new CygnetError('bad-request', `--log-level must be debug, info, warn or error, not ${level}.`)
}

function toEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(env).filter((entry): entry is [string, string] => {
    return (
      entry[1] !== undefined && !/^(?:CYGNET_(?:SECRET|SOCKET|RUNTIME|LOG)|NODE_(?!EXTRA_CA_CERTS$))/.test(entry[0])
    )
  })
  return Object.fromEntries(entries)
}
