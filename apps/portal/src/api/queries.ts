import { ServiceError } from '@cygnet/contract/client'
import { getAccount } from '@cygnet/contract/v1/account'
import { listExamples } from '@cygnet/contract/v1/examples'
import { getEntry } from '@cygnet/contract/v1/files'
import { listOwnPackages } from '@cygnet/contract/v1/packages'
import { listIsolationGaps } from '@cygnet/contract/v1/machine'
import { getServer, getStartForm } from '@cygnet/contract/v1/servers'
import { getLink, listReceivedShares, listShares } from '@cygnet/contract/v1/shares'
import { listTokens } from '@cygnet/contract/hub/routes'
import { QueryClient, queryOptions } from '@tanstack/react-query'
import { call } from './client.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Only what may pass by itself is tried again.
      retry: (count, error) => count < 2 && error instanceof ServiceError && [0, 502, 503, 504].includes(error.status),
    },
  },
})

export const accountQuery = queryOptions({
  queryKey: ['account'],
  queryFn: ({ signal }) => call(getAccount, { signal }),
  staleTime: 60_000,
})

export const isolationGapsQuery = queryOptions({
  queryKey: ['isolation-gaps'],
  queryFn: ({ signal }) => call(listIsolationGaps, { signal }),
  staleTime: 300_000,
})

export const startFormQuery = queryOptions({
  queryKey: ['start-form'],
  queryFn: ({ signal }) => call(getStartForm, { signal }),
})

export const serverQuery = queryOptions({
  queryKey: ['server'],
  queryFn: ({ signal }) => call(getServer, { signal }),
  staleTime: 1_000,
  refetchInterval: (query) => {
    const phase = query.state.data?.phase
    return phase === 'starting' || phase === 'stopping' ? 1_500 : 15_000
  },
})

export const ownPackagesQuery = queryOptions({
  queryKey: ['own-packages'],
  queryFn: ({ signal }) => call(listOwnPackages, { signal }),
})

export const examplesQuery = queryOptions({
  queryKey: ['examples'],
  queryFn: ({ signal }) => call(listExamples, { signal }),
  staleTime: 300_000,
})

export const receivedSharesQuery = queryOptions({
  queryKey: ['shares', 'received'],
  queryFn: ({ signal }) => call(listReceivedShares, { signal }),
})

/** What the user shares, all of it or that of one path. */
export function sharesQuery(path?: string) {
  return queryOptions({
    queryKey: ['shares', 'mine', path ?? null],
    queryFn: ({ signal }) => call(listShares, { query: { path }, signal }),
  })
}

export function entryQuery(tree: string, path: string) {
  return queryOptions({
    queryKey: ['entry', tree, path],
    queryFn: ({ signal }) => call(getEntry, { params: { tree }, query: { path }, signal }),
  })
}

export function linkQuery(token: string) {
  return queryOptions({
    queryKey: ['link', token],
    queryFn: ({ signal }) => call(getLink, { params: { token }, signal }),
    staleTime: 60_000,
  })
}

export function tokensQuery(name: string) {
  return queryOptions({
    queryKey: ['tokens', name],
    queryFn: ({ signal }) => call(listTokens, { params: { name }, signal }),
  })
}
