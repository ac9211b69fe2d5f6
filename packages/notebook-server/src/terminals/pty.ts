import type { IPty, IPtyForkOptions } from '@lydell/node-pty'
import { createPtyInput } from './pty-input.ts'

export interface PtyModule {
  spawn(program: string, args: string[], options: IPtyForkOptions): Pty
}

/** A program on a pseudo-terminal. */
export type Pty = Pick<IPty, 'pid' | 'rows' | 'cols' | 'resize' | 'pause' | 'resume' | 'kill' | 'onData' | 'onExit'> & {
  /** Never waits: what the program does not read is kept, and past a bound dropped. */
  write(text: string): void
}

let loading: Promise<PtyModule> | undefined

/** node-pty's native part, loaded at the first terminal. */
export function loadPty(): Promise<PtyModule> {
  loading ??= import('@lydell/node-pty').then(({ spawn }) => ({
    spawn(program, args, options) {
      const pty = spawn(program, args, options) as UnixPty
      const input = createPtyInput(pty.fd)
      // Without a listener it throws where nobody can catch it. The end of the program is told by its exit.
      pty.on('error', () => undefined)
      pty.on('close', () => input.close())
      pty.onExit(() => input.close())
      // node-pty's own write waits, and all of this process with it, as long as the program does not read.
      return Object.assign(pty, { write: (text: string) => input.write(text) })
    },
  }))
  return loading
}

/** What node-pty's class for Unix has beside its declared interface. */
type UnixPty = IPty & { readonly fd: number; on(event: 'error' | 'close', listener: () => void): void }
