import type { Share } from '@cygnet/contract/v1/shares'
import { count } from '../ui/format.ts'

export type LinkShare = Share & { to: { type: 'link' } }
export type PersonShare = Share & { to: { type: 'user' } }

export function isLink(share: Share): share is LinkShare {
  return share.to.type === 'link'
}

export function isPerson(share: Share): share is PersonShare {
  return share.to.type === 'user'
}

/** The link in full, to be sent to others. */
export function addressOf(share: LinkShare): string {
  return new URL(share.to.url, location.origin).href
}

/** The end of a chosen day where the user is, as the contract wants it. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString()
}

/** The day of a moment where the user is, as date fields want it. */
export function dayOf(iso: string | null): string {
  if (iso === null) return ''
  const date = new Date(iso)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** How and with whom the shares of one thing give it. */
export function describeTo(shares: Share[]): string {
  const links = shares.filter(isLink).length
  const people = shares.filter(isPerson).map(({ to }) => to.name)
  const named = people.length > 3 ? `${people.slice(0, 3).join(', ')} and ${people.length - 3} more` : people.join(', ')
  return [links === 0 ? '' : `by ${count(links, 'link')}`, named === '' ? '' : `with ${named}`]
    .filter((part) => part !== '')
    .join(' · ')
}
