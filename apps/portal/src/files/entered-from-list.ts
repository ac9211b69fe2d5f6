let enteredAt = -Infinity

/** Remembers that a folder is being entered from a list with the keyboard: its own list takes the focus then. */
export function enterFromList(): void {
  enteredAt = performance.now()
}

/** Whether the list that appears now is of a folder that was entered so, a moment ago; asked once. */
export function takeEntered(): boolean {
  const age = performance.now() - enteredAt
  enteredAt = -Infinity
  return age < 3_000
}
