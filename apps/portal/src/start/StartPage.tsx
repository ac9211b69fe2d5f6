import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { serverQuery } from '../api/queries.ts'
import { basePath, toAddress } from '../api/base-path.ts'
import { useUserName } from '../shell/use-user-name.ts'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { StartForm } from './StartForm.tsx'
import { parseNext } from './next.ts'
import { StartProgress } from './StartProgress.tsx'
import { useProgress } from './use-progress.ts'
import { useStopServer } from './use-server.ts'

/** The start of the server: the form, then its progress, then on to where the user wanted to go. */
export function StartPage() {
  useTitle('Start my server')
  const search = useSearch({ from: '/signed-in/start' })
  // Checked here, where it is used: the router keeps what a route's own check leaves out.
  const next = parseNext(search.next, { origin: location.origin, basePath })
  const navigate = useNavigate()
  const client = useQueryClient()
  const user = useUserName()
  const server = useQuery(serverQuery)
  const stop = useStopServer()
  const phase = server.data?.phase
  const progress = useProgress(user, phase === 'starting')
  const ready = phase === 'running' || progress.at === 'ready'
  const target = user === undefined ? undefined : (next ?? toAddress(`/user/${encodeURIComponent(user)}/lab`))

  useEffect(() => {
    if (ready && target !== undefined) location.replace(target)
  }, [ready, target])

  useEffect(() => {
    if (progress.at === 'failed' || progress.at === 'lost')
      void client.invalidateQueries({ queryKey: serverQuery.queryKey })
  }, [progress.at, client])

  if (server.isError) return <Problem error={server.error} retry={() => void server.refetch()} />
  if (server.data === undefined) return <Waiting />
  const failure = phase === 'stopped' ? (progress.reason ?? server.data.reason) : null
  return (
    <div className="narrow card stack">
      {phase === 'stopped' || phase === 'stopping' ? (
        <>
          <div>
            <h1 className="title">{failure === null ? 'Start my server' : 'Start it again'}</h1>
            <p className="muted start-lead">
              {next === undefined
                ? 'Your own notebooks, terminal and software. It takes a second or two.'
                : 'What you want to open needs your server. You go there as soon as it runs.'}
            </p>
          </div>
          {failure === null ? null : (
            <div className="message message-error" role="alert">
              <strong>Your server stopped.</strong> {failure}
            </div>
          )}
          {phase === 'stopping' ? (
            <Waiting what="Your server is stopping" />
          ) : (
            <StartForm next={next} open now={isAskedForHere(search.again)} />
          )}
        </>
      ) : (
        <StartProgress progress={progress} ready={ready} choice={server.data.choice} since={server.data.since}>
          {ready ? (
            <Button component="a" href={target}>
              Open it now
            </Button>
          ) : (
            <Button
              variant="default"
              loading={stop.isPending}
              onClick={() => stop.mutate(undefined, { onSuccess: () => void navigate({ to: '/' }) })}
            >
              Cancel
            </Button>
          )}
          {stop.isError ? <Problem title="It could not be cancelled." error={stop.error} /> : null}
        </StartProgress>
      )}
    </div>
  )
}

/** Whether a button of this site led here to start at once: a link from elsewhere must not start anything. */
function isAskedForHere(again: true | undefined): boolean {
  return again === true && document.referrer.startsWith(location.origin + basePath)
}
