import { createHash, createHmac, randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { createBounded } from '@cygnet/core/bounded'
import { sameSecret } from '@cygnet/core/ids'
import { createQuota } from '@cygnet/core/quota'
import type { LinkShare } from './share.ts'

/** Right passwords remembered at most, for clients that send theirs with each request. */
const mostRemembered = 1000

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

/**
 * Hashes and checks passwords of links, one at a time: each takes tens of milliseconds by intent and one of the few threads
 * of the process. Right ones are remembered.
 */
export class LinkPasswords {
  readonly #bounded = createBounded({
    running: 1,
    waiting: 100,
    refusal: 'Too many passwords of links are being checked at this moment.',
  })
  readonly #owners = createQuota({ most: 4, refusal: 'You are setting too many passwords at once.' })
  readonly #links = createQuota({ most: 8, refusal: 'Too many people enter the password of this link at once.' })
  // Only a digest under a key of this process is remembered.
  readonly #key = randomBytes(32)
  readonly #right = new Set<string>()

  /** True where this very password was right before and still is. */
  isRemembered(link: LinkShare, password: string): boolean {
    return this.#right.has(this.#digest(link, password))
  }

  /** @throws CygnetError `rate-limited`, `unavailable` */
  async hash(owner: string, password: string, signal?: AbortSignal): Promise<string> {
    // argon2id with 19 MiB and two passes, the library's default and OWASP's advice.
    return this.#inTurn(this.#owners(owner), () => hash(password.normalize('NFC')), signal)
  }

  /** @throws CygnetError as {@link hash} */
  async check(link: LinkShare, password: string, signal?: AbortSignal): Promise<boolean> {
    const { passwordHash } = link
    if (passwordHash === null) return true
    const place = this.#links(link.id)
    const isRight = await this.#inTurn(place, () => verify(passwordHash, password.normalize('NFC')), signal)
    if (!isRight) return false
    if (this.#right.size >= mostRemembered) this.#right.clear()
    this.#right.add(this.#digest(link, password))
    return true
  }

  async #inTurn<Result>(place: Disposable, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    try {
      return await this.#bounded(work, signal)
    } finally {
      place[Symbol.dispose]()
    }
  }

  #digest(link: LinkShare, password: string): string {
    const text = JSON.stringify([link.token, link.passwordHash, password])
    return createHash('sha256').update(this.#key).update(text).digest('base64')
  }
}
