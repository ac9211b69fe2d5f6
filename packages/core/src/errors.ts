/** The closed set of things that can go wrong, stable for clients. {@link statusOf} is the only place that maps them to HTTP. */
export type ErrorCode =
  | 'bad-request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'too-large'
  | 'rate-limited'
  | 'precondition-failed'
  | 'range-not-satisfiable'
  | 'server-stopped'
  | 'insufficient-storage'
  | 'unavailable'
  | 'timeout'
  | 'internal'

const statuses: Record<ErrorCode, number> = {
  'bad-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  gone: 410,
  'precondition-failed': 412,
  'too-large': 413,
  'range-not-satisfiable': 416,
  'server-stopped': 424,
  'rate-limited': 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
  'insufficient-storage': 507,
}

export interface ErrorDetails {
  cause?: unknown
  /** What the reader can do about it, one sentence. */
  mend?: string
  /** Seconds until another try makes sense. */
  retryAfter?: number
}

/** An error that its reader can act on: `message` names what failed and which value, `mend` what to do. */
export class CygnetError extends Error {
  override readonly name = 'CygnetError'
  readonly code: ErrorCode
  readonly mend: string | undefined
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.mend = details.mend
    this.retryAfter = details.retryAfter
  }
}

/** The body of every error answer. `status` and `message` are JupyterHub's, `reason` is Jupyter Server's. */
export interface ErrorBody {
  status: number
  code: ErrorCode
  message: string
  reason: string | null
  mend?: string
}

export function statusOf(code: ErrorCode): number {
  return statuses[code]
}

/** Turns anything thrown into an error with a code. What is not expected becomes `internal`, its text kept as the cause. */
export function toCygnetError(thrown: unknown): CygnetError {
  if (thrown instanceof CygnetError) return thrown
  return (
    fromSystemError(thrown) ?? new CygnetError('internal', 'Something went wrong in the service.', { cause: thrown })
  )
}

export function toErrorBody(error: CygnetError): ErrorBody {
  const body: ErrorBody = { status: statusOf(error.code), code: error.code, message: error.message, reason: null }
  return error.mend === undefined ? body : { ...body, mend: error.mend }
}

/** True for an error of the operating system with one of these codes, such as `ENOENT`. */
export function isSystemError(thrown: unknown, ...codes: string[]): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && codes.includes(thrown.code)
}

/** True where another program holds a lock of the embedded database; nothing was done then, and it may be tried again. */
export function isBusyDatabase(thrown: unknown): boolean {
  return isSystemError(thrown, ...busyDatabase)
}

const busyDatabase = ['SQLITE_BUSY', 'SQLITE_BUSY_RECOVERY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_BUSY_TIMEOUT']

/** What SQLite says on a full disk: of the database, its log, and the index of that, which is mapped into memory. */
const fullDatabase = ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE', 'SQLITE_IOERR_FSYNC']

function fromSystemError(thrown: unknown): CygnetError | undefined {
  const cause = { cause: thrown }
  if (isSystemError(thrown, 'ENOENT', 'ENOTDIR'))
    return new CygnetError('not-found', 'There is no such file or folder.', cause)
  if (isSystemError(thrown, 'EEXIST', 'ENOTEMPTY'))
    return new CygnetError('conflict', 'There is already something of that name.', cause)
  // What was done before it failed is not known here: whoever knows says it.
  if (isSystemError(thrown, 'ENOSPC', ...fullDatabase))
    return new CygnetError('insufficient-storage', 'The disk is full.', {
      ...cause,
      mend: 'Free some space and try again.',
    })
  if (isSystemError(thrown, 'EDQUOT'))
    return new CygnetError('insufficient-storage', 'The disk quota is used up.', {
      ...cause,
      mend: 'Free some space, or ask for more, and try again.',
    })
  if (isSystemError(thrown, 'EMFILE', 'ENFILE'))
    return new CygnetError('unavailable', 'Too many files are open at once.', {
      ...cause,
      mend: 'Try again in a moment.',
      retryAfter: 5,
    })
  if (isSystemError(thrown, 'EIO', 'ESTALE', 'EHOSTDOWN', 'ETIMEDOUT'))
    return new CygnetError('unavailable', `The disk does not answer as it should (${thrown.code}).`, {
      ...cause,
      mend: 'Try again later; if it lasts, the administrator has to look at the disk.',
      retryAfter: 30,
    })
  if (isSystemError(thrown, 'EROFS')) return new CygnetError('forbidden', 'The file system is read-only.', cause)
  if (isBusyDatabase(thrown))
    return new CygnetError('unavailable', 'Another program holds the database of the service.', {
      ...cause,
      mend: 'Try again in a moment.',
      retryAfter: 2,
    })
  if (isSystemError(thrown, 'ENAMETOOLONG'))
    return new CygnetError('bad-request', 'The name is too long.', {
      ...cause,
      mend: 'Use a name of at most 255 bytes.',
    })
  if (isSystemError(thrown, 'EACCES', 'EPERM'))
    return new CygnetError('forbidden', 'The file system does not permit this.', cause)
  if (isSystemError(thrown, 'EISDIR')) return new CygnetError('bad-request', 'This is a folder, not a file.', cause)
  return undefined
}
