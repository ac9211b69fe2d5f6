/** When a link is to end: never, after some days, or on a day that the user picks. */
export type Expiry = 'never' | 'day' | 'week' | 'month' | 'date'

export const expiryLabels: Record<Expiry, string> = {
  never: 'Never',
  day: 'In a day',
  week: 'In a week',
  month: 'In a month',
  date: 'On a day…',
}

const days = { day: 1, week: 7, month: 30 }

/** The moment as the service takes it, or null for never. `date` is the value of a date field; a link works until that day is over here. */
export function toExpiryTime(expiry: Expiry, date: string, now: Date): string | null {
  if (expiry === 'never') return null
  if (expiry === 'date') return new Date(`${date}T23:59:59`).toISOString()
  return new Date(now.getTime() + days[expiry] * 86_400_000).toISOString()
}

/** The value of a date field for a moment, in the zone of this browser. */
export function toDateValue(time: Date): string {
  return [time.getFullYear(), time.getMonth() + 1, time.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-')
}

export function describeExpiry(expires: string | null, now: Date): string {
  if (expires === null) return 'Never expires'
  const time = new Date(expires)
  const text = time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  return time < now ? `Expired on ${text}` : `Expires on ${text}`
}
