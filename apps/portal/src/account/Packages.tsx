import { resetOwnPackages, type OwnPackages } from '@cygnet/contract/v1/packages'
import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { ownPackagesQuery, queryClient, serverQuery, startFormQuery } from '../api/queries.ts'
import { useStopServer } from '../start/use-server.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { formatSize } from '../ui/format.ts'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import { Waiting } from '../ui/Waiting.tsx'

/** What the user has installed over the releases, and the way back. */
export function Packages() {
  const packages = useQuery(ownPackagesQuery)
  const form = useQuery(startFormQuery)
  const [resetting, setResetting] = useState<OwnPackages>()
  const titleOf = (id: string) => form.data?.releases.find((one) => one.id === id)?.title ?? id
  return (
    <div className="stack">
      <p className="muted account-hint">
        What you install with pip or uv in a cell or a terminal, over the software that you picked. It is yours alone.
      </p>
      {packages.isError ? (
        <Problem error={packages.error} retry={() => void packages.refetch()} />
      ) : packages.data === undefined ? (
        <Waiting />
      ) : packages.data.length === 0 ? (
        <p className="muted">You have installed nothing.</p>
      ) : (
        <ul className="tokens">
          {packages.data.map((one) => (
            <li key={one.id}>
              <div className="tokens-what">
                <strong>{titleOf(one.release)}</strong>
                <p className="muted small">{describe(one)}</p>
                {one.isCurrent ? null : <Earlier packages={one} />}
              </div>
              <Button
                size="compact-sm"
                variant="subtle"
                color="danger"
                aria-label={`Reset my packages of ${titleOf(one.release)}`}
                onClick={() => setResetting(one)}
              >
                Reset
              </Button>
            </li>
          ))}
        </ul>
      )}
      {resetting === undefined ? null : (
        <ResetDialog packages={resetting} title={titleOf(resetting.release)} onClose={() => setResetting(undefined)} />
      )}
    </div>
  )
}

/** The release was built anew since: the command that installs the same again. */
function Earlier({ packages }: { packages: OwnPackages }) {
  const words = packages.packages.map(({ name, version }) => `${name}==${version}`)
  return (
    <p className="small breakable">
      They belong to an earlier build of it and are not used any more.
      {words.length === 0 ? null : (
        <>
          {' '}
          To have them again: <code>pip install {words.join(' ')}</code>
        </>
      )}
    </p>
  )
}

function ResetDialog({ packages, title, onClose }: { packages: OwnPackages; title: string; onClose: () => void }) {
  const server = useQuery(serverQuery)
  const stop = useStopServer()
  const isRunning = server.data !== undefined && server.data.phase !== 'stopped'
  const reset = useMutation({
    mutationFn: async () => {
      if (isRunning) await stop.mutateAsync()
      await call(resetOwnPackages, { params: { id: packages.id } })
    },
    onSuccess: () => {
      onClose()
      tell('Your packages are gone; the release is as it was.')
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ownPackagesQuery.queryKey }),
  })
  return (
    <Dialog title="Reset my packages?" onClose={onClose}>
      <div className="stack">
        <p className="breakable">
          What you have installed over <strong>{title}</strong> is removed for good: {describe(packages)}. Your files
          and your own environments stay.
        </p>
        {isRunning ? (
          <p>Your server is running: it is stopped first. Its kernels end, and what they hold in memory is lost.</p>
        ) : null}
        {reset.isError ? <Problem title="Your packages were not reset." error={reset.error} /> : null}
        <div className="row row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="danger" loading={reset.isPending} onClick={() => reset.mutate()}>
            {isRunning ? 'Stop my server and reset' : 'Reset my packages'}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

const mostNames = 8

function describe({ packages, bytes }: OwnPackages): string {
  const names = packages.map(({ name, version }) => `${name} ${version}`)
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
  const what = names.length === 0 ? 'changes of its own packages' : `${names.slice(0, mostNames).join(', ')}${more}`
  return bytes === null ? what : `${what} · ${formatSize(bytes)}`
}
