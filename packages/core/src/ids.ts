import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A secret of 256 bits for links, tokens and sessions; 43 characters of base64url. */
export function createSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A short identifier that is no secret; 16 characters of base64url. */
export function createId(): string {
  return randomBytes(12).toString('base64url')
}

/** How a secret of full entropy is kept at rest: SHA-256 in hex. Passwords are hashed with argon2id instead. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Compares in constant time; false where the lengths differ. */
export function sameSecret(left: string, right: string): boolean {
  const a = createHash('sha256').update(left).digest()
  const b = createHash('sha256').update(right).digest()
  return timingSafeEqual(a, b)
}
