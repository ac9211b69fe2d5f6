import type { Entry } from '@cygnet/contract/v1/files'
import { Button } from '@mantine/core'
import { useEffect, useId, useRef, useState } from 'react'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import { copyText } from './copy-text.ts'
import { LinkCard } from './LinkCard.tsx'
import { LinkOptions, type LinkChoice } from './LinkOptions.tsx'
import { addressOf, endOfDay, isLink, type LinkShare } from './share-kinds.ts'
import { useCreateShare } from './use-shares.ts'

const plain: LinkChoice = { password: '', day: '' }

/** The links of a file or folder. Making one copies it: two clicks from the file to the link in hand. */
export function LinkShares({ entry, shares }: { entry: Pick<Entry, 'path' | 'kind'>; shares: LinkShare[] }) {
  const title = useId()
  const create = useCreateShare()
  const [options, setOptions] = useState<LinkChoice>()
  const made = useRef<string>(undefined)
  const section = useRef<HTMLElement>(null)

  useEffect(() => {
    // The button that made the link is gone: the focus goes to the link.
    if (made.current === undefined) return
    section.current?.querySelector<HTMLElement>(`[data-share="${CSS.escape(made.current)}"] button`)?.focus()
    made.current = undefined
  }, [shares])

  const submit = async (choice: LinkChoice) => {
    const share = await create.mutateAsync({
      path: entry.path,
      to: {
        type: 'link',
        ...(choice.password === '' ? {} : { password: choice.password }),
        ...(choice.day === '' ? {} : { expires: endOfDay(choice.day) }),
      },
    })
    setOptions(undefined)
    made.current = share.id
    if (isLink(share) && (await copyText(addressOf(share)))) tell('Link made and copied.')
  }
  const begin = (choice: LinkChoice) => void submit(choice).catch(() => undefined)

  return (
    <section ref={section} aria-labelledby={title} className="stack">
      <div>
        <h3 id={title}>By link</h3>
        <p className="muted small share-hint">
          Whoever has the link can see {entry.kind === 'folder' ? 'this folder and everything in it' : 'this file'},
          without an account.
        </p>
      </div>
      {shares.map((share) => (
        <LinkCard key={share.id} share={share} />
      ))}
      {options === undefined ? (
        <div className="row">
          <Button
            data-autofocus={shares.length === 0}
            variant={shares.length === 0 ? 'filled' : 'default'}
            leftSection={<Icon name="link" />}
            loading={create.isPending}
            onClick={() => begin(plain)}
          >
            {shares.length === 0 ? 'Make a link' : 'Make another link'}
          </Button>
          <Button variant="subtle" onClick={() => setOptions(plain)}>
            With a password or an end…
          </Button>
        </div>
      ) : (
        <form
          className="share-form stack"
          onSubmit={(event) => {
            event.preventDefault()
            begin(options)
          }}
        >
          <LinkOptions choice={options} onChange={setOptions} />
          <div className="row row-end">
            <Button variant="default" onClick={() => setOptions(undefined)}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Make the link
            </Button>
          </div>
        </form>
      )}
      {create.isError ? <Problem title="The link was not made." error={create.error} /> : null}
    </section>
  )
}
