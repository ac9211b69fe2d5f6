import { getLink, unlockLink as unlockLinkRoute } from '@cygnet/contract/v1/shares'
import { CygnetError } from '@cygnet/core/errors'
import { nameOf, type LinkShare } from '@cygnet/storage/share'
import type { Shares } from '@cygnet/storage/shares'
import type { RouteModule } from '../mount-route.ts'
import type { Traffic } from './traffic.ts'
import { baseOf } from '../base-path.ts'
import { isUnlocked, setProof, unlockLink, type Attempts } from './link-door.ts'

export interface LinkRoutesDeps {
  shares: Shares
  publicUrl: () => string
  attempts: Attempts
  traffic: Traffic
}

const locked = { state: 'needs-password', name: null, owner: null, kind: null, expires: null } as const

/** What the page of a link asks for before it shows files. */
export function createLinkRoutes({ shares, attempts, traffic, publicUrl }: LinkRoutesDeps): RouteModule {
  return (mount) => {
    mount(getLink, async (call) => {
      traffic.enter(call)
      const link = await shares.findLink(call.params.token)
      traffic.enterLink(call, link.id)
      return isUnlocked(shares, link, call.request) ? view(link, call.signal) : locked
    })

    mount(unlockLinkRoute, async (call) => {
      const { params, body, request, reply, signal } = call
      traffic.enter(call)
      const link = await shares.findLink(params.token)
      traffic.enterLink(call, link.id)
      const proof = await unlockLink(shares, attempts, link, body.password, request, signal)
      setProof(
        reply,
        baseOf(request.raw),
        link,
        proof,
        request.protocol === 'https' || publicUrl().startsWith('https:'),
      )
      return view(link, signal)
    })
  }

  async function view(link: LinkShare, signal: AbortSignal) {
    const kind = await shares.kindOf(link, signal)
    if (kind === 'missing') {
      throw new CygnetError('unavailable', 'What this link shows cannot be reached now.', {
        mend: 'Try again later, or ask the one who sent it.',
      })
    }
    const expires = link.expires?.toISOString() ?? null
    return { state: 'open' as const, name: nameOf(link), owner: link.owner, kind, expires }
  }
}
