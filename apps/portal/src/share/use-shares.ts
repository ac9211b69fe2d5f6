import { createShare, revokeShare, updateShare } from '@cygnet/contract/v1/shares'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../api/client.ts'

type Created = NonNullable<Parameters<typeof call<typeof createShare>>[1]['body']>
type Changed = NonNullable<Parameters<typeof call<typeof updateShare>>[1]['body']>

function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['shares'] })
}

export function useCreateShare() {
  return useMutation({
    mutationFn: (body: Created) => call(createShare, { body }),
    onSuccess: useRefresh(),
  })
}

export function useUpdateShare() {
  return useMutation({
    mutationFn: ({ id, ...body }: Changed & { id: string }) => call(updateShare, { params: { id }, body }),
    onSuccess: useRefresh(),
  })
}

/** Ends a share. One that is gone already is no error: then it is ended as well. */
export function useRevokeShare() {
  return useMutation({
    mutationFn: (id: string) => call(revokeShare, { params: { id } }),
    onSettled: useRefresh(),
  })
}
