import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import type { Logger } from '@cygnet/core/log'
import type { Connection } from './connection.ts'
import { spawnKernelProcess, type KernelProcess } from './kernel-process.ts'
import type { KernelSpec } from './kernel-specs.ts'
import { withOwnEnvironment } from './own-environment.ts'
import type { Zygote } from './zygote.ts'

export interface LaunchRequest {
  id: string
  spec: KernelSpec
  connection: Connection
  cwd: string
  /** Beside what all kernels get. */
  environment: Record<string, string>
}

/** Turns a kernelspec into a running process: forked where the zygote can make the same of it, else started afresh. */
export interface KernelLauncher {
  /** @throws CygnetError `unavailable` where the program cannot be run */
  launch(request: LaunchRequest): Promise<KernelProcess>
}

export function createKernelLauncher(options: {
  python: string
  environment: Record<string, string>
  zygote: Zygote | undefined
  logger: Logger
}): KernelLauncher {
  const { python, zygote, logger } = options
  return {
    async launch(request) {
      const { cwd, connection } = request
      const argv = toArgv(request, python)
      const runtimeDir = dirname(connection.file)
      const common = await withOwnEnvironment(argv, python, options.environment, runtimeDir)
      const environment = toEnvironment(request, common)
      const entry = toLauncherEntry(argv, python)
      if (entry !== undefined && isSameInterpreter(environment, options.environment)) {
        const output = connection.outputFifo
        const kernel = await zygote?.fork({ id: randomUUID(), ...entry, command: argv, environment, cwd, output })
        if (kernel !== undefined) return kernel
        if (zygote !== undefined) logger.info({ kernel: request.id }, 'A kernel starts without the zygote.')
      }
      return spawnKernelProcess({ argv, cwd, environment })
    },
  }
}

function toArgv(request: LaunchRequest, python: string): string[] {
  const values: Record<string, string> = {
    connection_file: request.connection.file,
    resource_dir: request.spec.folder,
    prefix: dirname(dirname(python)),
    kernel_id: request.id,
  }
  const [program = '', ...args] = request.spec.json.argv.map((argument) =>
    argument.replaceAll(/\{([a-z_]+)\}/g, (whole, name: string) => values[name] ?? whole),
  )
  return [/^python(3(\.\d+)?)?$/.test(program) ? python : program, ...args]
}

function toEnvironment(request: LaunchRequest, common: Record<string, string>): Record<string, string> {
  const environment: Record<string, string> = { ...common }
  for (const [name, value] of Object.entries(request.spec.json.env)) {
    environment[name] = value.replaceAll(
      /\$(?:(\w+)|\{(\w+)\})/g,
      (whole, plain?: string, braced?: string) => common[plain ?? braced ?? ''] ?? whole,
    )
  }
  // ipykernel ends when this process does.
  return { ...environment, ...request.environment, JPY_PARENT_PID: String(process.pid) }
}

/** `python -m ipykernel_launcher ...` as the zygote wants it; undefined for any other command. */
function toLauncherEntry(argv: string[], python: string): { module: string; arguments: string[] } | undefined {
  const [program, flag, module, ...args] = argv.filter((argument) => argument !== '-Xfrozen_modules=off')
  const isLauncher = module === 'ipykernel_launcher' || module === 'ipykernel'
  return program === python && flag === '-m' && isLauncher ? { module, arguments: args } : undefined
}

/**
 * What is read when the interpreter starts, or when a library is loaded, cannot be changed in a fork. The zygote itself looks
 * for what its modules have read.
 */
function isSameInterpreter(left: Record<string, string>, right: Record<string, string>): boolean {
  const early = /^(HOME$|PYTHON(?!PATH$)|LD_|MALLOC_|GLIBC_|OMP_|OPENBLAS_|MKL_|NUMEXPR_|LC_|LANG)/
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...names].every((name) => !early.test(name) || left[name] === right[name])
}
