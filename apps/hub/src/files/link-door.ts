import { createHash } from 'node:crypto'
import { CygnetError } from '@cygnet/core/errors'
import type { LinkShare } from '@cygnet/storage/share'
import type { Attempt, Shares } from '@cygnet/storage/shares'
import { stringifySetCookie } from 'cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { baseOf, type BasePath } from '../base-path.ts'
import { readCookie } from '../cookies.ts'

/** Counts wrong passwords by what they were for and where they came from. @throws CygnetError `rate-limited` */
export type Attempts = (name: string, address: string) => Attempt

/**
 * A link that this request may look into: it has no password, or the browser has its cookie, or a program sent the
 * password as Basic credentials with any user name.
 *
 * @throws CygnetError `not-found`, `gone`, `forbidden` where the password is missing or wrong, `rate-limited`
 */
export async function openLink(
  shares: Shares,
  attempts: Attempts,
  token: string,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<LinkShare> {
  const link = await shares.findLink(token)
  if (isUnlocked(shares, link, request)) return link
  const password = basicPassword(request.headers.authorization)
  if (password === undefined) {
    const page = baseOf(request.raw).to(`/s/${token}`)
    throw new CygnetError('forbidden', 'This link has a password.', { mend: `Open ${page} and enter it.` })
  }
  await unlockLink(shares, attempts, link, password, request, signal)
  return link
}

export function isUnlocked(shares: Shares, link: LinkShare, request: FastifyRequest): boolean {
  return shares.isOpen(link, readCookie(request.headers.cookie, cookieName(link.token)))
}

/** @returns the proof to keep in the browser */
export async function unlockLink(
  shares: Shares,
  attempts: Attempts,
  link: LinkShare,
  password: string,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<string> {
  const attempt = (): Attempt => {
    try {
      return attempts(`link ${link.id}`, request.ip)
    } catch (error) {
      if (!(error instanceof CygnetError) || error.code !== 'rate-limited') throw error
      throw new CygnetError('rate-limited', 'Too many wrong passwords for this link.', {
        cause: error,
        ...(error.mend !== undefined && { mend: error.mend }),
        ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
      })
    }
  }
  return shares.unlock(link, password, attempt, signal)
}

/** Sent only where this link's own page and files are asked for; gone with the link, or when the browser is closed. */
export function setProof(reply: FastifyReply, base: BasePath, link: LinkShare, proof: string, secure: boolean): void {
  const { token, expires } = link
  const cookie = { name: cookieName(token), value: proof, httpOnly: true, secure, sameSite: 'lax' as const }
  for (const path of [`/api/v1/links/${token}`, `/api/v1/trees/link-${token}`]) {
    const own = { ...cookie, path: base.to(path), ...(expires === null ? {} : { expires }) }
    void reply.header('set-cookie', stringifySetCookie(own))
  }
}

function cookieName(token: string): string {
  return `cygnet-link-${createHash('sha256').update(token).digest('base64url').slice(0, 12)}`
}

function basicPassword(header: string | undefined): string | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/_=-]+) *$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 || text.length > 2048 ? undefined : text.slice(colon + 1)
}
