import { createHash, createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { sameSecret } from '@cygnet/core/ids'
import type { LinkShare } from './share.ts'

/** Right passwords remembered at most, for clients that send theirs with each request. */
const mostRemembered = 1000

export function hashPassword(password: string): Promise<string> {
  // argon2id with 19 MiB and two passes, the library's default and OWASP's advice.
  return hash(password.normalize('NFC'))
}

/**
 * What a browser that gave the password keeps: says nothing about it, fits this link only, and no longer once the
 * password was changed (the hash has a fresh salt each time).
 */
export function createProof(link: LinkShare): string {
  return createHmac('sha256', link.passwordHash ?? '')
    .update(`cygnet-link\n${link.token}`)
    .digest('base64url')
}

export function isProof(link: LinkShare, proof: string): boolean {
  return link.passwordHash !== null && sameSecret(proof, createProof(link))
}

/** Checks passwords of links, remembering right ones, as a check takes tens of milliseconds by intent. */
export class PasswordChecker {
  // Only a digest under a key of this process is remembered.
  readonly #key = randomBytes(32)
  readonly #right = new Set<string>()

  /** True where this very password was right before and still is. */
  isRemembered(link: LinkShare, password: string): boolean {
    return this.#right.has(this.#digest(link, password))
  }

  async check(link: LinkShare, password: string): Promise<boolean> {
    if (link.passwordHash === null) return true
    if (!(await verify(link.passwordHash, password.normalize('NFC')))) return false
    if (this.#right.size >= mostRemembered) this.#right.clear()
    this.#right.add(this.#digest(link, password))
    return true
  }

  #digest(link: LinkShare, password: string): string {
    const text = JSON.stringify([link.token, link.passwordHash, password])
    return createHash('sha256').update(this.#key).update(text).digest('base64')
  }
}
