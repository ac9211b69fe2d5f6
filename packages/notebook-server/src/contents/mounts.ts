import { readFile } from 'node:fs/promises'
import { toFileName } from '@cygnet/core/file-name'

/**
 * The mount points at or below a folder: what is there belongs to others. Empty where the system does not tell.
 * Source: `/proc/self/mountinfo`, man 5 proc_pid_mountinfo; its fifth field, with blanks and backslashes in octal.
 */
export async function mountsBelow(folder: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'latin1').catch(() => '')
  return table
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((mount) => mount === folder || mount.startsWith(`${folder}/`))
}

function unescape(field: string): string {
  const bytes = field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return toFileName(Buffer.from(bytes, 'latin1'))
}
