const tails = new Map<string, Promise<void>>()

/** Runs `work` after all earlier work of the same key in this process has ended. */
export async function withLock<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const before = tails.get(key)
  tails.set(key, promise)
  try {
    await before
    return await work()
  } finally {
    if (tails.get(key) === promise) tails.delete(key)
    resolve()
  }
}
