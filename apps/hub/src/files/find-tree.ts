import { hasScope } from '@cygnet/auth/scopes/scope-set'
import { CygnetError } from '@cygnet/core/errors'
import type { Share } from '@cygnet/storage/share'
import type { Shares } from '@cygnet/storage/shares'
import type { Tree, Trees } from '@cygnet/storage/trees'
import { cutExchange } from '../connections.ts'
import { lacksScope, unauthenticated } from '../guard.ts'
import { openLink, type Attempts } from './link-door.ts'
import type { Traffic, TrafficCall } from './traffic.ts'

export interface TreeFinder {
  trees: Trees
  shares: Shares
  attempts: Attempts
  traffic: Traffic
}

/** Writing asks for more, before the tree is looked for. */
const readScope = 'read:cygnet:files'

/**
 * The tree that a request names, as its caller may use it, until the caller leaves.
 * @throws CygnetError `unauthenticated` without an account where one is needed, `forbidden` at a link without its password,
 * `rate-limited` where the caller does too much at once
 */
export async function findTree(
  { trees, shares, attempts, traffic }: TreeFinder,
  call: TrafficCall & { params: { tree: string } },
): Promise<Tree> {
  const { principal, request, signal } = call
  const id = call.params.tree
  traffic.enter(call)
  if (id.startsWith('link-')) {
    const link = await openLink(shares, attempts, id.slice('link-'.length), request, signal)
    traffic.enterLink(call, link.id)
    holdOn(shares, link, call)
    return trees.linked(link, signal)
  }
  if (principal === null) throw unauthenticated()
  if (principal.kind === 'local-admin') throw new CygnetError('forbidden', 'The local administrator has no files.')
  if (!hasScope(principal.scopes, readScope, `user=${principal.user.name}`)) throw lacksScope([readScope])
  if (id === 'home') return trees.home(principal.user.name, signal)
  const received = id.slice('share-'.length)
  holdOn(shares, await shares.findReceived(principal.user.name, received), call)
  return trees.received(principal.user.name, received, signal)
}

/** What is read or written by a share is cut when the share ends, expires or allows less. */
function holdOn(shares: Shares, share: Share, { request, reply }: TrafficCall): void {
  const { isStream = false } = request.routeOptions.config
  const exchange = { request: request.raw, response: reply.raw, isStream }
  const letGo = shares.hold(share, () => cutExchange(exchange))
  if (reply.raw.closed) letGo()
  else reply.raw.once('close', letGo)
}
