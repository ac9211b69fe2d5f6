import type { IPty, IPtyForkOptions } from '@lydell/node-pty'

export interface Pty {
  spawn(program: string, args: string[], options: IPtyForkOptions): IPty
}

let loading: Promise<Pty> | undefined

/** node-pty's native part, loaded at the first terminal. */
export function loadPty(): Promise<Pty> {
  loading ??= import('@lydell/node-pty').then(({ spawn }) => ({
    spawn(program, args, options) {
      const pty = spawn(program, args, options)
      // Without a listener it throws where nobody can catch it. The end of the shell is told by its exit.
      const emitter = pty as IPty & { on?: (event: 'error', listener: () => void) => void }
      emitter.on?.('error', () => undefined)
      return pty
    },
  }))
  return loading
}
