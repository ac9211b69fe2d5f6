/**
 * Text that nobody can guess: 32 hexadecimal digits, for both the server and pages. Browsers have `crypto.randomUUID` only where
 * the page came over TLS or from the machine itself.
 */
export function createNonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
