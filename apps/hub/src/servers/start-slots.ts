/** Bounds how many servers start at once; who comes later waits in line. */
export interface StartSlots {
  /**
   * Resolves with the function that gives the slot back.
   * @param onPlace - told the place in line, 1 for the next, whenever it changes
   * @throws the signal's reason; the place is given up then
   */
  take(signal: AbortSignal, onPlace: (place: number) => void): Promise<() => void>
}

interface Waiting {
  enter(): void
  onPlace(place: number): void
}

export function createStartSlots(count: number): StartSlots {
  let free = count
  const line: Waiting[] = []
  const tellPlaces = (): void => line.forEach((waiting, index) => waiting.onPlace(index + 1))
  const createRelease = (): (() => void) => {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      const next = line.shift()
      if (next === undefined) free++
      else {
        next.enter()
        tellPlaces()
      }
    }
  }
  return {
    take(signal, onPlace) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        if (free > 0) {
          free--
          return resolve(createRelease())
        }
        const leave = (): void => {
          line.splice(line.indexOf(waiting), 1)
          tellPlaces()
          reject(signal.reason)
        }
        const waiting: Waiting = {
          onPlace,
          enter() {
            signal.removeEventListener('abort', leave)
            resolve(createRelease())
          },
        }
        signal.addEventListener('abort', leave, { once: true })
        line.push(waiting)
        onPlace(line.length)
      })
    },
  }
}
