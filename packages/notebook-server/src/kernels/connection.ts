import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import { CygnetError } from '@cygnet/core/errors'

/** The kernel's sockets, by the number that ends their path. */
const ports = { shell: 1, iopub: 2, stdin: 3, control: 4, heartbeat: 5 } as const

/** Linux's limit for the path of a unix socket, without the NUL that ends it. */
const longestPath = 107

/** How a kernel is reached: sockets of the file system in the private runtime folder, the same ones after a restart. */
export interface Connection {
  /** The connection file, mode 0600, named `kernel-<id>.json` as clients expect. */
  file: string
  /** The key that messages are signed with. */
  key: string
  /** The FIFO that a forked kernel writes its standard output and error to. */
  outputFifo: string
  address(channel: keyof typeof ports): string
  /** Writes the connection file and removes sockets that an earlier process left. */
  prepare(kernelName: string, session: string): Promise<void>
  /** Removes all files; it never rejects. */
  remove(): Promise<void>
}

/** @throws CygnetError `internal` where the runtime folder's path is too long for a socket */
export function createConnection(runtimeDir: string, id: string): Connection {
  const key = randomUUID()
  const base = join(runtimeDir, `k${id.slice(0, 8)}`)
  const file = join(runtimeDir, `kernel-${id}.json`)
  const sockets = Object.values(ports).map((port) => `${base}-${port}`)
  const outputFifo = `${base}-out`
  if (Buffer.byteLength(`${base}-5`) > longestPath) {
    throw new CygnetError('internal', `The runtime folder's path is too long for a socket: ${runtimeDir}.`, {
      mend: `Choose one of at most ${longestPath - 12} bytes.`,
    })
  }
  return {
    file,
    key,
    outputFifo,
    address: (channel) => `ipc://${base}-${ports[channel]}`,
    async prepare(kernelName, session) {
      await mkdir(runtimeDir, { recursive: true, mode: 0o700 })
      await removeAll([...sockets, outputFifo])
      const content = {
        transport: 'ipc',
        ip: base,
        shell_port: ports.shell,
        iopub_port: ports.iopub,
        stdin_port: ports.stdin,
        control_port: ports.control,
        hb_port: ports.heartbeat,
        key,
        signature_scheme: 'hmac-sha256',
        kernel_name: kernelName,
        jupyter_session: session,
      }
      await writeAtomically(file, JSON.stringify(content, null, 2), 0o600)
    },
    remove: () => removeAll([...sockets, outputFifo, file]),
  }
}

async function removeAll(paths: string[]): Promise<void> {
  await Promise.allSettled(paths.map((path) => rm(path, { force: true })))
}
