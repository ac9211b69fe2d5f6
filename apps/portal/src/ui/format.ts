const units = ['kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes for people, in powers of 1000: `0 B`, `840 B`, `1.2 MB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  let value = bytes
  let unit = 'B'
  for (const next of units) {
    if (value < 999.5) break
    value /= 1000
    unit = next
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** Memory for people, in powers of 1024 as it is sold: `412 MiB`, `4 GiB`. */
export function formatMemory(bytes: number): string {
  const mebibytes = bytes / 2 ** 20
  if (mebibytes < 1000) return `${Math.round(mebibytes)} MiB`
  const gibibytes = mebibytes / 1024
  return `${Number(gibibytes.toFixed(gibibytes < 10 ? 1 : 0))} GiB`
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const thisYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const anyYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short' })

/** How long ago something was, then from a week on its date. */
export function formatWhen(iso: string, now = new Date()): string {
  const then = new Date(iso)
  const seconds = (now.getTime() - then.getTime()) / 1000
  if (Number.isNaN(seconds)) return ''
  if (seconds < 45 && seconds > -45) return 'just now'
  if (seconds > 0 && seconds < 3600) return relative.format(-Math.round(seconds / 60), 'minute')
  if (seconds > 0 && seconds < 86_400) return relative.format(-Math.round(seconds / 3600), 'hour')
  if (seconds > 0 && seconds < 7 * 86_400) return relative.format(-Math.round(seconds / 86_400), 'day')
  return formatDate(iso, now)
}

export function formatDate(iso: string, now = new Date()): string {
  const date = new Date(iso)
  return (date.getFullYear() === now.getFullYear() ? thisYear : anyYear).format(date)
}

/** Day and time in full, for titles. */
export function formatFull(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? '' : full.format(date)
}

/** `1 file`, `3 files`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? singular : plural}`
}
