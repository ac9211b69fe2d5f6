import { randomBytes } from 'node:crypto'

const pattern = /^\.cygnet-[0-9a-f]{24}\.part$/

/** A hidden name for a file while it is being written beside the one it will be. */
export function createTemporaryName(): string {
  return `.cygnet-${randomBytes(12).toString('hex')}.part`
}

export function isTemporary(name: string): boolean {
  return pattern.test(name)
}
