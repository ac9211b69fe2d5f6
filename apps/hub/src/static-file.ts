import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { contentType } from 'mime-types'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { open, type FileHandle } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { isKnown } from './files/conditions.ts'

const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
]

export interface StaticFile {
  /** The folder that the path cannot leave. */
  root: string
  /** As it stands in the address; names of letters, digits and `. _ -` that do not begin with a dot. */
  path: string
  /** For names that change with their content. */
  immutable?: boolean
  headers?: Record<string, string>
}

/**
 * Sends a file of the portal, compressed where a compressed one lies beside it. Not by @fastify/static: it names scripts that it
 * sends compressed `application/javascript` and its etags are weak (the test “assets are compressed and kept for ever” fails),
 * and the names that are served had to be checked before it all the same.
 * @throws CygnetError `not-found`
 */
export async function sendStaticFile(request: FastifyRequest, reply: FastifyReply, file: StaticFile) {
  if (!/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(file.path)) throw noSuchFile()
  const path = join(file.root, file.path)
  const { handle, encoding } = await openBest(path, request.headers['accept-encoding'] ?? '')
  try {
    const { size, mtimeMs, ino } = await handle.stat()
    const etag = `"${ino.toString(36)}-${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`
    void reply.headers({
      'cache-control': file.immutable === true ? 'public, max-age=31536000, immutable' : 'no-cache',
      // Looser for scripts would change nothing, stricter would bind the workers they start.
      'content-security-policy': "frame-ancestors 'none'",
      'content-type': contentType(extname(path)) || 'application/octet-stream',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      etag,
      vary: 'accept-encoding',
      ...file.headers,
    })
    if (isKnown(request.headers, etag)) {
      await handle.close()
      return reply.code(304).removeHeader('content-type').send()
    }
    if (encoding !== undefined) void reply.header('content-encoding', encoding)
    void reply.header('content-length', size)
    if (request.method !== 'HEAD') return reply.send(handle.createReadStream())
    await handle.close()
    // An empty stream: of anything else Fastify would tell the length.
    return reply.send(Readable.from([]))
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function openBest(path: string, accepted: string): Promise<{ handle: FileHandle; encoding?: string }> {
  for (const { name, suffix } of encodings) {
    if (!accepts(accepted, name)) continue
    const handle = await openFile(path + suffix)
    if (handle !== undefined) return { handle, encoding: name }
  }
  const handle = await openFile(path)
  if (handle === undefined) throw noSuchFile()
  return { handle }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle
  try {
    handle = await open(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return undefined
    throw error
  }
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  return undefined
}

function accepts(header: string, encoding: string): boolean {
  return header.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
  })
}

function noSuchFile(): CygnetError {
  return new CygnetError('not-found', 'There is no such file.')
}
