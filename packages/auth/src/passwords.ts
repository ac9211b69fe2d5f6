import { hash, verify } from '@node-rs/argon2'
import { CygnetError } from '@cygnet/core/errors'
import { createBounded } from '@cygnet/core/bounded'

const fewestCharacters = 8
const mostBytes = 1024

// OWASP's recommendation for argon2id; the package's default algorithm is argon2id.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export interface Passwords {
  /** @throws CygnetError `bad-request` where the password is too short or too long, `unavailable` where too many wait */
  hash(password: string, signal?: AbortSignal): Promise<string>
  /** Takes as long without a hash (an unknown name, an account without a password) as with one, and is then false. */
  verify(hash: string | null, password: string, signal?: AbortSignal): Promise<boolean>
}

/**
 * Hashes passwords with argon2id, at most two at once: a flood of sign-ins waits or is turned away, while the other
 * cores and the thread pool's other threads serve everybody else.
 */
export function createPasswords(): Passwords {
  const bounded = createBounded({
    running: 2,
    waiting: 100,
    refusal: 'Too many people are signing in at this moment.',
  })
  let dummy: Promise<string> | undefined

  return {
    async hash(password, signal) {
      checkPassword(password)
      return bounded(() => hash(normalize(password), cost), signal)
    },
    async verify(stored, password, signal) {
      if (Buffer.byteLength(password) > mostBytes) return false
      return bounded(async () => {
        dummy ??= hash('the hash of an account that does not exist', cost)
        const fits = await verify(stored ?? (await dummy), normalize(password))
        return fits && stored !== null
      }, signal)
    },
  }
}

function checkPassword(password: string): void {
  if (Array.from(password).length < fewestCharacters)
    throw new CygnetError('bad-request', `The password is too short: it needs at least ${fewestCharacters} characters.`)
  if (Buffer.byteLength(password) > mostBytes)
    throw new CygnetError('bad-request', `The password is too long: it may have at most ${mostBytes} bytes.`)
}

/** The same letters typed on different systems come as different code points (RFC 8265, OpaqueString). */
function normalize(password: string): string {
  return password.normalize('NFC')
}
