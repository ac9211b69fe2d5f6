const began = Date.now()

/** Says what is done and how long it took; the time is that since the program began. */
export function say(message) {
  const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(6)
  process.stdout.write(`${seconds} s  ${message}\n`)
}

/** Does one piece of work, said before and after. */
export async function step(name, work) {
  say(`${name} ...`)
  const start = Date.now()
  const result = await work()
  say(`${name}: done in ${((Date.now() - start) / 1000).toFixed(1)} s`)
  return result
}

/** Ends the program with a message for people, and no stack trace where the error is one that they can act on. */
export function fail(error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
