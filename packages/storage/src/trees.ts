import type { Homes } from './homes.ts'
import { nameOf, type Access, type LinkShare, type Share } from './share.ts'
import { openHomeSpace, openSharedSpace } from './shared-space.ts'
import type { Shares } from './shares.ts'
import type { Space, SpaceListener } from './space.ts'

/** A space as someone may use it, with the shares in it kept true through every change made here. */
export interface Tree {
  space: Space
  owner: string
  /** What its root is called. */
  title: string
  access: Access
}

/** The signal of each ends whatever is under way in the tree. */
export interface Trees {
  /** A user's own. */
  home(userName: string, signal?: AbortSignal): Promise<Tree>
  /** What was shared with a user. @throws CygnetError `not-found` */
  received(userName: string, shareId: string, signal?: AbortSignal): Promise<Tree>
  /** What a link shows; the caller has checked the link's password. Never to be changed. */
  linked(link: LinkShare, signal?: AbortSignal): Promise<Tree>
}

export function createTrees(homes: Homes, shares: Shares): Trees {
  const listenerFor = (owner: string, base: string): SpaceListener => {
    const inHome = (path: string): string => [base, path].filter((part) => part !== '').join('/')
    return {
      changed: (path) => shares.replaced(owner, inHome(path)),
      moved: (from, to) => shares.moved(owner, inHome(from), inHome(to)),
      succeed: (before, after, work) => shares.succeed(owner, before, after, work),
    }
  }
  const shared = async (share: Share, access: Access, signal?: AbortSignal): Promise<Tree> => {
    const home = await homes.open(share.owner, signal)
    const readOnly = access === 'read'
    const listener = listenerFor(share.owner, share.path)
    const space = openSharedSpace(home, share, { readOnly, listener, signal })
    return { space, owner: share.owner, title: nameOf(share), access }
  }
  return {
    async home(userName, signal) {
      const space = openHomeSpace(await homes.open(userName, signal), { listener: listenerFor(userName, ''), signal })
      return { space, owner: userName, title: userName, access: 'write' }
    },
    async received(userName, shareId, signal) {
      const share = await shares.findReceived(userName, shareId)
      return shared(share, share.access, signal)
    },
    linked: (link, signal) => shared(link, 'read', signal),
  }
}
