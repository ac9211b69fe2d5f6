/** A map that forgets what was set longest ago once it holds about `most` entries. */
export interface Recent<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
  deleteWhere(isGone: (value: Value) => boolean): void
}

/**
 * Two maps, of which the older goes when the younger is full: forgetting costs nothing, where deleting the oldest entry
 * of a single map one by one walks over all that were deleted before it.
 */
export function createRecent<Value>(most: number): Recent<Value> {
  let younger = new Map<string, Value>()
  let older = new Map<string, Value>()

  return {
    get: (key) => younger.get(key) ?? older.get(key),
    set(key, value) {
      if (younger.size >= most / 2 && !younger.has(key)) {
        older = younger
        younger = new Map()
      }
      older.delete(key)
      younger.set(key, value)
    },
    delete(key) {
      younger.delete(key)
      older.delete(key)
    },
    deleteWhere(isGone) {
      for (const map of [younger, older]) for (const [key, value] of map) if (isGone(value)) map.delete(key)
    },
  }
}
