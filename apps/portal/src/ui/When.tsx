import { formatFull, formatWhen } from './format.ts'

/** A moment as its age or date; the full date as its title. */
export function When({ iso }: { iso: string }) {
  return (
    <time dateTime={iso} title={formatFull(iso)}>
      {formatWhen(iso)}
    </time>
  )
}
