import { execFileSync } from 'node:child_process'

/** Node and Debian's base have nothing that sets attributes, Python has. Values are base64. */
const program = `
import base64, json, os, sys
path, wanted = sys.argv[1], json.loads(sys.argv[2])
for name, value in wanted.items():
    os.setxattr(path, name, base64.b64decode(value), follow_symlinks=False)
found = {name: base64.b64encode(os.getxattr(path, name, follow_symlinks=False)).decode() for name in os.listxattr(path, follow_symlinks=False)}
print(json.dumps(found))
`

/** Gives a file extended attributes, by name. */
export function setAttributes(path: string, attributes: Record<string, Uint8Array>): void {
  const encoded = Object.entries(attributes).map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  execFileSync('python3', ['-c', program, path, JSON.stringify(Object.fromEntries(encoded))], { stdio: 'pipe' })
}

/** All that are there, by name, those of the machine itself (SELinux's labels) left out. */
export function getAttributes(path: string): Record<string, Buffer> {
  const found = JSON.parse(execFileSync('python3', ['-c', program, path, '{}'], { encoding: 'utf8' }))
  const entries = Object.entries(found as Record<string, string>).filter(([name]) => name !== 'security.selinux')
  return Object.fromEntries(entries.map(([name, value]) => [name, Buffer.from(value, 'base64')]))
}

/**
 * An access control list as Linux keeps it (include/uapi/linux/posix_acl_xattr.h): version 2, then of each entry a tag, the
 * permissions and an id. The owner reads and writes, `user` too, the group reads, others nothing.
 */
export function createAccessList(user: number): Buffer {
  const none = 0xffff_ffff
  const entries = [
    [0x01, 6, none],
    [0x02, 6, user],
    [0x04, 4, none],
    [0x10, 6, none],
    [0x20, 0, none],
  ] as const
  const list = Buffer.alloc(4 + entries.length * 8)
  list.writeUInt32LE(2, 0)
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    list.writeUInt16LE(tag, 4 + index * 8)
    list.writeUInt16LE(permissions, 6 + index * 8)
    list.writeUInt32LE(id, 8 + index * 8)
  }
  return list
}
