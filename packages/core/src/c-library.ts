import { createBounded } from './bounded.ts'

/** What a function of the C library returned, and why where that means failure. */
export interface Outcome {
  result: number
  errno: number
}

/** Buffers may be null where the function says so; text ends in a zero byte. */
type Call = (...args: Array<number | Uint8Array | null>) => Promise<Outcome>

export type CLibrary = Record<keyof typeof declarations, Call>

const declarations = {
  flistxattr: 'intptr_t flistxattr(int fd, void *list, uintptr_t size)',
  fgetxattr: 'intptr_t fgetxattr(int fd, const void *name, void *value, uintptr_t size)',
  fsetxattr: 'int fsetxattr(int fd, const void *name, const void *value, uintptr_t size, int flags)',
  fremovexattr: 'int fremovexattr(int fd, const void *name)',
}

// koffi refuses more than 256 calls at once; and each takes one of the threads that reading and writing files need too.
const bounded = createBounded({ running: 4, waiting: Infinity, refusal: 'Too many calls of the C library wait.' })

let library: Promise<CLibrary> | undefined

/**
 * System calls that Node has no functions for. Each runs on a thread of Node's pool, as on a network's disk it may take long.
 * Loaded with the first use: it takes some milliseconds and megabytes.
 */
export function loadCLibrary(): Promise<CLibrary> {
  library ??= load()
  return library
}

async function load(): Promise<CLibrary> {
  const { default: koffi } = await import('koffi')
  // The program's own symbols, so that it is the one it runs with, whatever its file is called.
  const own = koffi.load(null)
  const wrap = (declaration: string): Call => {
    const native = own.func(declaration)
    return (...args) =>
      bounded(() => {
        const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
        native.async(...args, (error: Error | null, result: number) => {
          if (error === null) resolve({ result, errno: result < 0 ? koffi.errno() : 0 })
          else reject(error)
        })
        return promise
      })
  }
  return {
    flistxattr: wrap(declarations.flistxattr),
    fgetxattr: wrap(declarations.fgetxattr),
    fsetxattr: wrap(declarations.fsetxattr),
    fremovexattr: wrap(declarations.fremovexattr),
  }
}
