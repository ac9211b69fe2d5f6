import { readFile } from 'node:fs/promises'

/** Whether a process is there and not only its remains, which someone else has to collect. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return status !== '' && !/\) Z /.test(status)
}
