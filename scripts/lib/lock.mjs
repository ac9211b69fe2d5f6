import { spawn } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { say } from './progress.mjs'
import { holdWhile, root } from './program.mjs'

const path = join(root, '.cache', 'preparing')
/** Of flock, where somebody else has the lock. */
const isTaken = 75

/**
 * Installs and builds in this checkout while nobody else does: one does it, the others wait, say for whom, and find it done.
 *
 * The lock is the kernel's, on an open file. It ends with the processes that have the file, however they end: this one, and what
 * it runs meanwhile, which may go on when this one is killed.
 */
export async function aloneInCheckout(work) {
  const file = await openLock()
  // Who may not write here installs and builds nothing either.
  if (file === null) return work()
  try {
    if ((await lock(file, '--nonblock')) === isTaken) {
      say(`Waiting for ${(await readHolder(file)) || 'somebody else'}, who installs and builds in this checkout ...`)
      await lock(file)
    }
    await file.truncate()
    await file.write(`npm ${process.env.npm_lifecycle_event ?? 'start'} (process ${process.pid})`)
    return await holdWhile(file.fd, work)
  } finally {
    await file.close()
  }
}

async function openLock() {
  try {
    await mkdir(dirname(path), { recursive: true })
    return await open(path, 'a+')
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return null
    throw error
  }
}

async function readHolder(file) {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(200), 0, 200, 0)
  return buffer.subarray(0, bytesRead).toString().trim()
}

/** Node has no function for it. The program locks what it was handed open, which stays locked when it has ended. */
async function lock(file, ...flags) {
  const descriptor = 3
  const args = ['--exclusive', `--conflict-exit-code=${isTaken}`, ...flags, String(descriptor)]
  const child = spawn('flock', args, { stdio: ['ignore', 'inherit', 'inherit', file.fd] })
  const code = await new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(new Error('The program flock cannot be run (package util-linux).', { cause })))
    child.on('close', resolve)
  })
  if (code !== 0 && code !== isTaken) throw new Error(`${path} could not be locked.`)
  return code
}
