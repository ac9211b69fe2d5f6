import type { ServerView } from '@cygnet/contract/v1/servers'
import { Button, Progress } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { toAddress } from '../api/base-path.ts'
import { serverQuery, startFormQuery } from '../api/queries.ts'
import { useUserName } from '../shell/use-user-name.ts'
import { describeChoice } from '../start/choice.ts'
import { StartForm } from '../start/StartForm.tsx'
import { useStopServer } from '../start/use-server.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { formatMemory } from '../ui/format.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Waiting } from '../ui/Waiting.tsx'
import { When } from '../ui/When.tsx'

/** The user's server: start it, open it, stop it. */
export function ServerCard() {
  const server = useQuery(serverQuery)
  return (
    <section className="card server" aria-labelledby="server-title">
      {server.isError ? (
        <>
          <h2 id="server-title">My server</h2>
          <Problem error={server.error} retry={() => void server.refetch()} />
        </>
      ) : server.data === undefined ? (
        <>
          <h2 id="server-title">My server</h2>
          <Waiting />
        </>
      ) : (
        <ServerState server={server.data} />
      )}
    </section>
  )
}

function ServerState({ server }: { server: ServerView }) {
  switch (server.phase) {
    case 'running':
      return <Running server={server} />
    case 'starting':
      return (
        <>
          <h2 id="server-title">Your server is starting</h2>
          <div>
            <Link className="button" to="/start">
              Show its progress
            </Link>
          </div>
        </>
      )
    case 'stopping':
      return (
        <>
          <h2 id="server-title">My server</h2>
          <Waiting what="Stopping" />
        </>
      )
    case 'stopped':
      return (
        <>
          <div>
            <h2 id="server-title">Your own notebooks, ready in a second</h2>
            <p className="muted server-lead">
              Starting gives you a lab with the software below, your files, and what others share with you.
            </p>
          </div>
          {server.reason === null ? null : (
            <p className="message message-warning">
              <strong>Your server stopped.</strong> {server.reason}
            </p>
          )}
          <StartForm />
        </>
      )
  }
}

function Running({ server }: { server: ServerView }) {
  const form = useQuery(startFormQuery)
  const user = useUserName()
  const stop = useStopServer()
  const [asking, setAsking] = useState(false)
  const stopButton = useRef<HTMLButtonElement>(null)
  const close = () => {
    setAsking(false)
    setTimeout(() => stopButton.current?.focus())
  }
  return (
    <>
      <div className="server-head">
        <div>
          <h2 id="server-title" className="server-running">
            <span className="server-dot" aria-hidden="true" />
            Your server is running
          </h2>
          <p className="muted server-lead">
            {server.choice === null ? null : <>{describeChoice(server.choice, form.data)} · </>}
            {server.since === null ? null : (
              <>
                started <When iso={server.since} />
              </>
            )}
          </p>
        </div>
        <div className="row">
          <Button
            component="a"
            size="md"
            href={user === undefined ? server.url : toAddress(`/user/${encodeURIComponent(user)}/lab`)}
            leftSection={<Icon name="open" />}
          >
            Open my lab
          </Button>
          <Button ref={stopButton} size="md" variant="default" loading={stop.isPending} onClick={() => setAsking(true)}>
            Stop
          </Button>
        </div>
      </div>
      {server.reason === null ? null : <p className="message message-warning">{server.reason}</p>}
      {server.memory === null ? null : <Memory used={server.memory.used} limit={server.memory.limit} />}
      {stop.isError ? <Problem title="It could not be stopped." error={stop.error} /> : null}
      {asking ? (
        <Dialog title="Stop your server?" onClose={close}>
          <div className="stack">
            <p>
              Its kernels and terminals end, and what they hold in memory is lost. Your files stay. You can start it
              again at any time.
            </p>
            <div className="row row-end">
              <Button variant="default" onClick={close}>
                Keep it running
              </Button>
              <Button
                color="danger"
                data-autofocus
                onClick={() => {
                  close()
                  stop.mutate()
                }}
              >
                Stop my server
              </Button>
            </div>
          </div>
        </Dialog>
      ) : null}
    </>
  )
}

function Memory({ used, limit }: { used: number; limit: number }) {
  const percent = limit > 0 ? Math.min(100, (used / limit) * 100) : 0
  return (
    <div className="server-memory small">
      <span>
        Memory: {formatMemory(used)}
        {limit > 0 ? ` of ${formatMemory(limit)}` : ''}
      </span>
      <Progress
        value={percent}
        size="sm"
        aria-label="Memory in use"
        color={percent > 90 ? 'var(--danger)' : 'var(--accent)'}
      />
    </div>
  )
}
