import type { FileHandle } from 'node:fs/promises'
import { constants } from 'node:os'
import { loadCLibrary, type CLibrary, type Outcome } from './c-library.ts'

const { ENODATA, ENOSYS, ENOTSUP, ERANGE } = constants.errno

/** A file's access control list. A new file gets one where its folder has a default list. */
const accessList = 'system.posix_acl_access'
/** What users and administrators set. `trusted.` and the rest are a file system's own notes on one very file. */
const copied = /^(?:user\.|security\.|system\.(?:posix_acl_access|nfs4_acl|richacl)$)/
/** A program's rights and signatures of a content are not another content's: the kernel drops them on every write too. */
const ofContent = new Set(['security.capability', 'security.ima', 'security.evm'])

/**
 * Gives an open file the extended attributes of another one, its access control list among them; without one there, the
 * list that came from the folder goes. To be called between a change of the owner and one of the mode.
 *
 * @param accept - leaves out the attributes for which it is false
 * @returns false where not all of them could be given, such as a label that only the administrator may set
 */
export async function copyAttributes(
  from: FileHandle,
  to: FileHandle,
  accept: (name: string) => boolean = () => true,
): Promise<boolean> {
  const library = await loadCLibrary()
  const wanted = await readAttributes(library, from.fd, accept)
  const own = await readAttributes(library, to.fd, accept)
  if (wanted === undefined || own === undefined) return false
  for (const [name, value] of wanted) {
    if (own.get(name)?.equals(value) === true) continue
    const { result } = await library.fsetxattr(to.fd, toText(name), value, value.length, 0)
    if (result < 0) return false
  }
  if (wanted.has(accessList) || !own.has(accessList)) return true
  return (await library.fremovexattr(to.fd, toText(accessList))).result === 0
}

/**
 * Gives a copy on another disk, or one that only seems to be the file itself, the attributes as far as can be, and the mode.
 * Where the access control list is missing then, group and others have no rights: the mode says more than the list did.
 */
export async function copyRights(from: FileHandle, to: FileHandle, mode: number): Promise<void> {
  const complete = (await copyAttributes(from, to)) || !(await hasAccessList(from))
  await to.chmod(complete ? mode : mode & 0o7700)
}

/** True where the mode's group bits are no group's but the most that a list grants. */
export async function hasAccessList(file: FileHandle): Promise<boolean> {
  const library = await loadCLibrary()
  return (await library.fgetxattr(file.fd, toText(accessList), null, 0)).result > 0
}

/** By name, a character for each byte of it. Undefined where they cannot be read. */
async function readAttributes(
  library: CLibrary,
  file: number,
  accept: (name: string) => boolean,
): Promise<Map<string, Buffer> | undefined> {
  const attributes = new Map<string, Buffer>()
  const names = await read((into, size) => library.flistxattr(file, into, size))
  if (names === undefined) return undefined
  for (const name of names.toString('latin1').split('\0')) {
    if (!copied.test(name) || ofContent.has(name) || !accept(name)) continue
    const value = await read((into, size) => library.fgetxattr(file, toText(name), into, size))
    if (value === undefined) return undefined
    attributes.set(name, value)
  }
  return attributes
}

/** Asks for the size and then for the bytes, again where they became more meanwhile. */
async function read(ask: (into: Buffer | null, size: number) => Promise<Outcome>): Promise<Buffer | undefined> {
  for (;;) {
    const { result: size, errno } = await ask(null, 0)
    if (size === 0 || (size < 0 && isNothing(errno))) return Buffer.alloc(0)
    if (size < 0) return undefined
    const bytes = Buffer.alloc(size)
    const { result: length, errno: fault } = await ask(bytes, size)
    if (length >= 0) return bytes.subarray(0, length)
    if (fault !== ERANGE) return undefined
  }
}

/** Of a file system without attributes, a kernel without the call, or an attribute that is gone by now. */
function isNothing(errno: number): boolean {
  return errno === ENOTSUP || errno === ENOSYS || errno === ENODATA
}

function toText(name: string): Buffer {
  return Buffer.from(`${name}\0`, 'latin1')
}
