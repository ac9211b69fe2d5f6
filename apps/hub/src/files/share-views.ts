import type { ReceivedShare, Share as ShareView } from '@cygnet/contract/v1/shares'
import { nameOf, type Share, type UserShare } from '@cygnet/storage/share'
import { receivedFolder } from '@cygnet/storage/shared-space'
import type { WithKind } from '@cygnet/storage/shares'

/** A share as its owner sees it. */
export function toShareView(share: WithKind<Share>, publicUrl: string): ShareView {
  return {
    id: share.id,
    owner: share.owner,
    path: share.path,
    name: nameOf(share),
    kind: share.kind,
    created: share.created.toISOString(),
    ended: share.ended === null ? null : { at: share.ended.at.toISOString(), why: share.ended.why },
    expires: share.type === 'link' ? (share.expires?.toISOString() ?? null) : null,
    to:
      share.type === 'link'
        ? {
            type: 'link',
            url: `${publicUrl}/s/${share.token}`,
            token: share.token,
            hasPassword: share.passwordHash !== null,
          }
        : { type: 'user', name: share.recipient, access: share.access },
  }
}

/** A share as its recipient sees it: nothing of where it lies in the owner's home. */
export function toReceivedView(share: WithKind<UserShare>): ReceivedShare {
  return {
    id: share.id,
    owner: share.owner,
    name: nameOf(share),
    kind: share.kind,
    access: share.access,
    created: share.created.toISOString(),
    folder: `${receivedFolder}/${share.folder === '' ? nameOf(share) : share.folder}`,
  }
}
