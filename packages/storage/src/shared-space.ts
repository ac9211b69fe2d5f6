import { CygnetError } from '@cygnet/core/errors'
import type { Home, Homes } from './homes.ts'
import { nameOf, type Share, type SharedKind } from './share.ts'
import { openSpace, type Space, type SpaceOptions } from './space.ts'
import type { Budget } from './walk.ts'

/** Where sessions see what others share; nothing of the user's own is kept there. */
export const receivedFolder = 'Shared with me'

type Use = Pick<SpaceOptions, 'readOnly' | 'listener' | 'signal' | 'budget'>

/** A user's whole tree. */
export function openHomeSpace(home: Home, options: Use = {}): Space {
  return openSpace({
    folder: home.folder,
    seenAs: home.seenAs,
    owner: home.owner,
    title: home.userName,
    reserved: receivedFolder,
    ...options,
  })
}

/** Just what is shared: its root is the root of all that can be reached, a file or a folder. */
export function openSharedSpace(home: Home, share: Share, options: Use = {}): Space {
  return openSpace({
    folder: home.folder,
    base: share.path,
    identity: share.thing?.identity,
    seenAs: home.seenAs,
    owner: home.owner,
    title: nameOf(share),
    ...options,
  })
}

export type KindOptions = Pick<SpaceOptions, 'signal' | 'budget'>

/** Once the budget is used up, a folder without a look: whoever opens it sees what it is. */
export async function findSharedKind(homes: Homes, share: Share, options: KindOptions): Promise<SharedKind> {
  const { signal, budget } = options
  try {
    if (isUsedUp(budget)) return 'folder'
    return (await openSharedSpace(await homes.open(share.owner, signal), share, options).stat('')).kind
  } catch (error) {
    signal?.throwIfAborted()
    if (isUsedUp(budget)) return 'folder'
    if (error instanceof CygnetError && ['not-found', 'forbidden', 'unavailable'].includes(error.code)) return 'missing'
    throw error
  }
}

function isUsedUp(budget: Budget | undefined): boolean {
  return budget !== undefined && budget.steps < 0
}
