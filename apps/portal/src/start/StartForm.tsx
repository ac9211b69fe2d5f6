import type { ServerChoice } from '@cygnet/contract/v1/servers'
import { Button, NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { startFormQuery } from '../api/queries.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Waiting } from '../ui/Waiting.tsx'
import { describeChoice } from './choice.ts'
import { useStartServer } from './use-server.ts'
import './start.css'

interface Props {
  /** Where to go once it runs. */
  next?: string | undefined
  /** Whether the choices are shown from the start, not only after “Change”. */
  open?: boolean
  /** Whether it starts by itself, as it was chosen last. */
  now?: boolean
}

/** Starts the server with one click as it was chosen last, or with another choice. */
export function StartForm({ next, open = false, now = false }: Props) {
  const form = useQuery(startFormQuery)
  const start = useStartServer()
  const [changing, setChanging] = useState(open)
  const [changed, setChanged] = useState<ServerChoice>()
  const { mutate } = start
  useEffect(() => {
    if (now) mutate({ next })
  }, [now, next, mutate])
  if (form.isError) return <Problem error={form.error} retry={() => void form.refetch()} />
  if (form.data === undefined) return <Waiting what="Loading what can be chosen" />
  const choice = changed ?? form.data.chosen
  const release = form.data.releases.find(({ id }) => id === choice.release)
  const change = (part: Partial<ServerChoice>) => setChanged({ ...choice, ...part })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        start.mutate({ choice, next })
      }}
    >
      {changing ? (
        <>
          <div className="start-fields">
            <NativeSelect
              label="Software release"
              value={choice.release}
              onChange={(event) => change({ release: event.currentTarget.value })}
              data={form.data.releases.map(({ id, title }) => ({ value: id, label: title }))}
            />
            <NativeSelect
              label="Cores"
              value={String(choice.cores)}
              onChange={(event) => change({ cores: Number(event.currentTarget.value) })}
              data={form.data.cores.map((cores) => ({ value: String(cores), label: String(cores) }))}
            />
            <NativeSelect
              label="Memory"
              value={String(choice.memoryGiB)}
              onChange={(event) => change({ memoryGiB: Number(event.currentTarget.value) })}
              data={form.data.memoryGiB.map((memory) => ({ value: String(memory), label: `${memory} GiB` }))}
            />
          </div>
          {release === undefined ? null : (
            <div className="start-release small">
              <p>{release.description}</p>
              <ul className="start-highlights" aria-label="Among others">
                {release.highlights.map((text) => (
                  <li key={text}>{text}</li>
                ))}
              </ul>
            </div>
          )}
        </>
      ) : null}
      {start.isError ? <Problem title="The server was not started." error={start.error} /> : null}
      <div className="start-actions">
        <Button type="submit" size="md" loading={start.isPending} leftSection={<Icon name="play" />}>
          Start my server
        </Button>
        {changing ? null : (
          <p className="start-summary">
            <span>{describeChoice(choice, form.data)}</span>
            <Button variant="subtle" size="compact-sm" onClick={() => setChanging(true)} aria-label="Change the choice">
              Change
            </Button>
          </p>
        )}
      </div>
    </form>
  )
}
