import { constants, openSync, unlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { signalGroup, type KernelExit, type KernelProcess } from './kernel-process.ts'
import { createOutputTail } from './output-tail.ts'

/** A kernel that is a child of the zygote, which reports its end. */
export interface ForkedKernel extends KernelProcess {
  end(exit: KernelExit): void
  /** The zygote is gone: nobody reports any more, so look whether the process is still there. */
  watch(): void
}

/**
 * @param outputFifo - where the kernel's standard output and error come out; it is removed once it is open
 */
export function createForkedKernel(pid: number, outputFifo: string): ForkedKernel {
  const { promise: exited, resolve } = Promise.withResolvers<KernelExit>()
  const output = createOutputTail()
  // In the runtime folder, which is memory; and to open a FIFO so waits for nobody.
  const file = openSync(outputFifo, constants.O_RDONLY | constants.O_NONBLOCK)
  output.read(new Socket({ fd: file, readable: true, writable: false }))
  unlinkSync(outputFifo)
  const started = readStartTime(pid)
  let isAlive = true
  const end = (exit: KernelExit): void => {
    isAlive = false
    resolve(exit)
  }
  return {
    pid,
    exited,
    output,
    signal: (name) => signalGroup(pid, name, isAlive),
    end,
    watch() {
      void started.then((time) => waitForEnd(pid, time)).then(() => end({ code: null, signal: null }))
    },
  }
}

async function waitForEnd(pid: number, started: string | undefined): Promise<void> {
  if (started === undefined) return
  // oxlint-disable-next-line no-unmodified-loop-condition -- it is the file that changes
  while ((await readStartTime(pid)) === started) {
    await delay(250, undefined, { ref: false })
  }
}

/** Tells a process from a later one with the same number; undefined where there is none, or only its remains. */
async function readStartTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name in parentheses may hold anything: count from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : fields[19]
}
