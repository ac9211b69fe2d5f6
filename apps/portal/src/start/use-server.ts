import { startServer, stopServer } from '@cygnet/contract/hub/routes'
import type { ServerChoice } from '@cygnet/contract/v1/servers'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { call } from '../api/client.ts'
import { accountQuery, serverQuery, startFormQuery } from '../api/queries.ts'

/** Starts the caller's server and shows its start; without a choice as it was chosen last. */
export function useStartServer() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async ({ choice, next }: { choice?: ServerChoice | undefined; next?: string | undefined }) => {
      const [{ name }, chosen] = await Promise.all([
        client.ensureQueryData(accountQuery),
        choice ?? client.ensureQueryData(startFormQuery).then((form) => form.chosen),
      ])
      await call(startServer, { params: { name }, body: chosen })
      return next
    },
    onSuccess: async (next) => {
      client.setQueryData(serverQuery.queryKey, (server) =>
        server === undefined ? undefined : { ...server, phase: 'starting' as const, reason: null },
      )
      void client.invalidateQueries({ queryKey: startFormQuery.queryKey })
      await navigate({ to: '/start', search: next === undefined ? {} : { next } })
    },
    onError: () => client.invalidateQueries({ queryKey: serverQuery.queryKey }),
  })
}

/** Stops the caller's server, also while it starts. */
export function useStopServer() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const { name } = await client.ensureQueryData(accountQuery)
      await call(stopServer, { params: { name } })
    },
    onSettled: () => client.invalidateQueries({ queryKey: serverQuery.queryKey }),
  })
}

/** Leads into the lab at an address of it, starting the server first where it does not run. */
export function useOpenInLab() {
  const client = useQueryClient()
  const start = useStartServer()
  return useMutation({
    mutationFn: async (url: string) => {
      const server = await client.fetchQuery({ ...serverQuery, staleTime: 0 })
      if (server.phase === 'running') {
        location.assign(url)
        // The page is about to go; whoever waits keeps saying so.
        await new Promise(() => undefined)
      }
      await start.mutateAsync({ next: url })
    },
  })
}
