import { mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { makeFolder } from '@cygnet/core/make-folder'
import type { Listening } from './listen.ts'
import { help, parseProgramOptions, type ProgramOptions } from './program-options.ts'
import { createNotebookServer, type NotebookServer } from './server.ts'

/** The outside of the process, so that everything inside can be run without it. */
export interface ProcessParts {
  args: string[]
  env: Record<string, string | undefined>
  /** The folder of this package's pictures. */
  assets: string
  write(text: string): void
  complain(text: string): void
  /** Ends the process. */
  exit(code: number): void
  onSignal(listener: () => void): void
  /** Told of every error that nobody caught: one fault must not take the kernels with it. */
  onUncaught(listener: (error: unknown) => void): void
}

/** Runs the notebook server until a signal or a client ends it. */
export async function runProgram(parts: ProcessParts): Promise<void> {
  try {
    const options = parseProgramOptions(parts.args, parts.env)
    if (options === 'help') {
      parts.write(help)
      return
    }
    await serve(options, parts)
  } catch (error) {
    parts.complain(toText(error))
    parts.exit(1)
  }
}

async function serve(options: ProgramOptions, parts: ProcessParts): Promise<void> {
  await checkRoot(options.root)
  const runtime = await openRuntimeFolder(options)
  let ending: Promise<void> | undefined

  async function end(code: number): Promise<void> {
    ending ??= server.close().then(() => runtime.close())
    await ending.catch((error: unknown) => parts.complain(toText(error)))
    parts.exit(code)
  }

  const server: NotebookServer = createNotebookServer({
    basePath: options.basePath,
    secretSha256: options.secretSha256,
    token: options.token,
    root: options.root,
    lab: options.lab,
    assets: parts.assets,
    runtimeDir: runtime.folder,
    jupyterFolder: options.jupyterFolder,
    stateFolder: options.stateFolder,
    kernels: {
      folders: options.jupyterPath,
      python: options.python,
      helpers: options.helpers,
      preload: options.preload,
    },
    environment: options.environment,
    hub: options.hub,
    logLevel: options.logLevel,
    onFatal: (error) => {
      parts.complain(toText(error))
      void end(1)
    },
    onShutdown: options.hub === undefined ? () => void end(0) : undefined,
  })
  parts.onSignal(() => void end(0))
  parts.onUncaught((error) => parts.complain(toText(error)))
  try {
    const listening = await server.listen(options.address)
    if (options.token !== undefined)
      parts.write(`The notebook server listens on ${shown(listening, options.basePath)}\n`)
  } catch (error) {
    await runtime.close()
    throw error
  }
}

async function checkRoot(root: string): Promise<void> {
  const status = await stat(root).catch(() => undefined)
  if (status?.isDirectory()) return
  throw new CygnetError('bad-request', `The folder to serve does not exist: ${root}`, {
    mend: 'Make it, or give another with --root.',
  })
}

interface RuntimeFolder {
  folder: string
  close(): Promise<void>
}

/** The folder that was named, or a temporary one that is removed at the end. */
async function openRuntimeFolder({ runtimeDir: folder, temporaryDir }: ProgramOptions): Promise<RuntimeFolder> {
  if (folder === undefined) {
    const made = await mkdtemp(join(temporaryDir, 'cygnet-'))
    return { folder: made, close: () => rm(made, { recursive: true, force: true }) }
  }
  try {
    await makeFolder(folder, 0o700)
  } catch (cause) {
    if (!isSystemError(cause)) throw cause
    throw new CygnetError('bad-request', `The runtime folder cannot be made: ${cause.message}.`, { cause })
  }
  return { folder, close: async () => undefined }
}

function shown({ address }: Listening, basePath: string): string {
  return address.kind === 'socket' ? address.path : `http://${address.host}:${address.port}${basePath}`
}

function toText(error: unknown): string {
  if (error instanceof CygnetError) {
    return `notebook-server: ${error.message}${error.mend === undefined ? '' : ` ${error.mend}`}\n`
  }
  return `notebook-server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`
}
