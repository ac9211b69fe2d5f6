import type { Share } from '@cygnet/contract/v1/shares'
import { createShare, listShares, revokeShare, updateShare } from '@cygnet/contract/v1/shares'
import { useCallback, useEffect, useState } from 'react'
import { callHub } from './call-hub.ts'
import type { Failure } from './failure.ts'
import { toFailure } from './failure.ts'

type ShareTo<Type> = Omit<Share, 'to'> & { to: Extract<Share['to'], { type: Type }> }
export type LinkShare = ShareTo<'link'>
export type UserShare = ShareTo<'user'>
export type Access = UserShare['to']['access']

/** What a link has beside its address; null is none, undefined leaves it as it is. */
export interface LinkOptions {
  password?: string | null
  /** With date, time and zone. */
  expires?: string | null
}

/** The shares of one path. Each action resolves to whether it succeeded; `failure` says why the last one did not. */
export interface Shares {
  /** Undefined until they are there. */
  list: Share[] | undefined
  failure: Failure | undefined
  busy: boolean
  createLink(options: { password?: string; expires?: string }): Promise<boolean>
  shareWith(name: string, access: Access): Promise<boolean>
  update(share: { id: string }, changes: LinkOptions & { access?: Access }): Promise<boolean>
  revoke(share: { id: string }): Promise<boolean>
  reload(): Promise<boolean>
}

export function useShares(path: string): Shares {
  const [list, setList] = useState<Share[]>()
  const [failure, setFailure] = useState<Failure>()
  const [busy, setBusy] = useState(true)

  const run = useCallback(
    async (action?: () => Promise<unknown>) => {
      setBusy(true)
      const failed = await tryTo(action)
      // Also after a failure: another window may have ended the share meanwhile.
      const unread = await tryTo(async () => setList(await callHub(listShares, { query: { path } })))
      setFailure(failed ?? unread)
      setBusy(false)
      return (failed ?? unread) === undefined
    },
    [path],
  )

  useEffect(() => void run(), [run])

  return {
    list,
    failure,
    busy,
    createLink: (options) => run(() => callHub(createShare, { body: { path, to: { type: 'link', ...options } } })),
    shareWith: (name, access) =>
      run(() => callHub(createShare, { body: { path, to: { type: 'user', name, access } } })),
    update: ({ id }, changes) => run(() => callHub(updateShare, { params: { id }, body: changes })),
    revoke: ({ id }) => run(() => callHub(revokeShare, { params: { id } })),
    reload: () => run(),
  }
}

export function isLink(share: Share): share is LinkShare {
  return share.to.type === 'link'
}

export function isWithUser(share: Share): share is UserShare {
  return share.to.type === 'user'
}

async function tryTo(action: (() => Promise<unknown>) | undefined): Promise<Failure | undefined> {
  try {
    await action?.()
    return undefined
  } catch (error) {
    return toFailure(error)
  }
}
