import { errorBody, ServiceError } from '@cygnet/contract/client'
import type { Entry } from '@cygnet/contract/v1/files'
import { queryOptions } from '@tanstack/react-query'
import { leaveForSignIn } from '../api/session.ts'
import { contentUrl, type Tree } from '../files/tree.ts'

/** The bytes of a file, or its first ones. @throws ServiceError with what the service said */
async function readBytes(tree: Tree, entry: Entry, signal: AbortSignal, first?: number): Promise<Uint8Array> {
  const headers: Record<string, string> = first === undefined ? {} : { range: `bytes=0-${first - 1}` }
  let response: Response
  try {
    // The browser asks again whether the file is still the same: what is shown is never stale.
    response = await fetch(contentUrl(tree, entry), { headers, signal, cache: 'no-cache' })
  } catch (error) {
    if (signal.aborted) throw error
    throw new ServiceError(0, 'unavailable', 'The service cannot be reached.', 'Check your connection and try again.')
  }
  if (response.status === 401 && leaveForSignIn()) await new Promise(() => undefined)
  // There is no first byte of an empty file.
  if (response.status === 416) return new Uint8Array()
  if (!response.ok) {
    const body = errorBody.safeParse(await response.json().catch(() => undefined)).data
    throw new ServiceError(
      response.status,
      body?.code ?? 'internal',
      body?.message ?? `The service answered ${response.status}.`,
      body?.mend,
    )
  }
  return new Uint8Array(await response.arrayBuffer())
}

/** The content of a file in the version that was listed. */
export function contentQuery(tree: Tree, entry: Entry) {
  return queryOptions({
    queryKey: ['content', tree.id, entry.path, entry.etag],
    queryFn: ({ signal }) => readBytes(tree, entry, signal),
    staleTime: Infinity,
    // A few large files would fill the memory.
    gcTime: 30_000,
    structuralSharing: false,
  })
}

/** The beginning of a file, enough to tell text from anything else. */
export function beginningQuery(tree: Tree, entry: Entry) {
  return queryOptions({
    queryKey: ['beginning', tree.id, entry.path, entry.etag],
    queryFn: ({ signal }) => readBytes(tree, entry, signal, 4096),
    staleTime: Infinity,
    structuralSharing: false,
  })
}
