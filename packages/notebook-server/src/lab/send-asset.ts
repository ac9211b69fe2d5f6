import type { FileHandle } from 'node:fs/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CygnetError, isSystemError } from '@cygnet/core/errors'
import type { Root } from '../contents/root.ts'
import { guessType } from '../http/mime-type.ts'
import { acceptedCodings } from '../http/send-answer.ts'
import { sendFile } from '../http/send-file.ts'

const forEver = 'public, max-age=31536000, immutable'
/** A name that a build made from the content: `main-B2x9_aQ1.js`, `chunk.0123456789abcdef.css`. */
const hashedName = /[-.][A-Za-z0-9_-]{8,}\.[A-Za-z0-9]+$/

/** Sends a file of a build, compressed where the build has left it so beside it (`x.js.br`). */
export async function sendAsset(
  request: FastifyRequest,
  reply: FastifyReply,
  root: Root,
  path: string,
): Promise<FastifyReply> {
  const cacheControl = hashedName.test(path) ? forEver : 'no-cache'
  const type = assetType(path)
  reply.header('vary', 'Accept-Encoding')
  if (acceptedCodings(request.headers['accept-encoding']).includes('br')) {
    const file = await openIfThere(root, `${path}.br`)
    if (file !== undefined) {
      const { size, mtimeMs } = await file.stat()
      const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}-br"`
      return sendFile(request, reply, file, { type, cacheControl, etag, coding: 'br' })
    }
  }
  const file = await openIfThere(root, path)
  if (file === undefined) throw new CygnetError('not-found', `There is no such asset: ${path.slice(0, 200)}.`)
  return sendFile(request, reply, file, { type, cacheControl })
}

async function openIfThere(root: Root, path: string): Promise<FileHandle | undefined> {
  try {
    return await root.openFile(path)
  } catch (error) {
    if (error instanceof CygnetError && error.code !== 'not-found' && error.code !== 'bad-request') throw error
    if (error instanceof CygnetError || isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

function assetType(path: string): string {
  const type = guessType(path) ?? 'application/octet-stream'
  return /^(?:text\/|application\/(?:json|javascript)$)/.test(type) ? `${type}; charset=utf-8` : type
}
