import {
  createShare,
  createUserShare,
  listReceivedShares,
  listShares,
  listUserShares,
  revokeShare,
  revokeUserShare,
  updateShare,
} from '@cygnet/contract/v1/shares'
import type { BodyOf } from '@cygnet/contract/route'
import type { ShareTarget } from '@cygnet/storage/create-share'
import type { Shares } from '@cygnet/storage/shares'
import type { RouteModule } from '../mount-route.ts'
import { toReceivedView, toShareView } from './share-views.ts'

export interface ShareRoutesDeps {
  shares: Shares
  /** The service's address as people know it, without a slash at the end. */
  publicUrl: () => string
}

/** Who shares what with whom. */
export function createShareRoutes({ shares, publicUrl }: ShareRoutesDeps): RouteModule {
  return (mount) => {
    mount(listShares, async ({ query, principal }) => {
      const found = await shares.listOf(principal.user.name, query.path)
      return found.map((share) => toShareView(share, publicUrl()))
    })

    mount(createShare, async ({ body, principal }) =>
      toShareView(await shares.create(principal.user.name, body.path, toTarget(body.to)), publicUrl()),
    )

    mount(updateShare, async ({ params, body, principal }) => {
      const expires = body.expires == null ? body.expires : new Date(body.expires)
      const { password, access } = body
      return toShareView(
        await shares.update(principal.user.name, params.id, { password, access, expires }),
        publicUrl(),
      )
    })

    mount(revokeShare, async ({ params, principal }) => shares.revoke(principal.user.name, params.id))

    mount(listReceivedShares, async ({ principal }) => {
      const received = await shares.listReceived(principal.user.name)
      return received.map(toReceivedView)
    })

    mount(listUserShares, async ({ params }) => {
      await shares.checkUser(params.name)
      const found = await shares.listOf(params.name)
      return found.map((share) => toShareView(share, publicUrl()))
    })

    mount(createUserShare, async ({ params, body }) =>
      toShareView(await shares.create(params.name, body.path, toTarget(body.to)), publicUrl()),
    )

    mount(revokeUserShare, async ({ params }) => shares.revoke(params.name, params.id))
  }
}

function toTarget(to: BodyOf<typeof createShare>['to']): ShareTarget {
  if (to.type === 'user') return to
  return { ...to, expires: to.expires === undefined ? undefined : new Date(to.expires) }
}
