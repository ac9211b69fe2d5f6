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
import type { Traffic } from './traffic.ts'
import { toReceivedView, toShareView } from './share-views.ts'

export interface ShareRoutesDeps {
  shares: Shares
  traffic: Traffic
  /** The service's address as people know it, without a slash at the end. */
  publicUrl: () => string
}

/** Who shares what with whom. */
export function createShareRoutes({ shares, traffic, publicUrl }: ShareRoutesDeps): RouteModule {
  return (mount) => {
    mount(listShares, async (call) => {
      const { query, principal, signal } = call
      traffic.enter(call)
      const found = await shares.listOf(principal.user.name, query.path, signal)
      return found.map((share) => toShareView(share, publicUrl()))
    })

    mount(createShare, async (call) => {
      const { body, principal, signal } = call
      traffic.enter(call)
      return toShareView(await shares.create(principal.user.name, body.path, toTarget(body.to), signal), publicUrl())
    })

    mount(updateShare, async (call) => {
      const { params, body, principal, signal } = call
      traffic.enter(call)
      const expires = body.expires == null ? body.expires : new Date(body.expires)
      const { password, access } = body
      return toShareView(
        await shares.update(principal.user.name, params.id, { password, access, expires }, signal),
        publicUrl(),
      )
    })

    mount(revokeShare, async ({ params, principal }) => shares.revoke(principal.user.name, params.id))

    mount(listReceivedShares, async (call) => {
      traffic.enter(call)
      const received = await shares.listReceived(call.principal.user.name, call.signal)
      return received.map(toReceivedView)
    })

    mount(listUserShares, async (call) => {
      const { params, signal } = call
      traffic.enter(call)
      await shares.checkUser(params.name)
      const found = await shares.listOf(params.name, undefined, signal)
      return found.map((share) => toShareView(share, publicUrl()))
    })

    mount(createUserShare, async (call) => {
      const { params, body, signal } = call
      traffic.enter(call)
      return toShareView(await shares.create(params.name, body.path, toTarget(body.to), signal), publicUrl())
    })

    mount(revokeUserShare, async ({ params }) => shares.revoke(params.name, params.id))
  }
}

function toTarget(to: BodyOf<typeof createShare>['to']): ShareTarget {
  if (to.type === 'user') return to
  return { ...to, expires: to.expires === undefined ? undefined : new Date(to.expires) }
}
