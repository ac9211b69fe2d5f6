/** Something to wait for again and again: whoever waits goes on at the next {@link Waking.wake}. */
export class Waking {
  #wake: (() => void) | undefined

  /** Resolves at the next wake from now on; asked for before a look at the state, no change is missed. */
  async next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    return promise
  }

  wake(): void {
    this.#wake?.()
  }
}
