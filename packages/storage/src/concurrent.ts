/**
 * Maps with at most `width` calls under way. Resolves or rejects only once none is under way any more, so that a held
 * folder is never closed beneath one. Rejects with the signal's reason once it is aborted.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  width: number,
  map: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  let failed = false
  const work = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        signal?.throwIfAborted()
        results[index] = await map(items[index] as Item)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(width, items.length) }, work))
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return results
}
