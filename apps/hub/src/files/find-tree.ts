import { CygnetError } from '@cygnet/core/errors'
import type { Shares } from '@cygnet/storage/shares'
import type { Tree, Trees } from '@cygnet/storage/trees'
import type { FastifyRequest } from 'fastify'
import type { Principal } from '../principal.ts'
import { openLink, type Attempts } from './link-door.ts'

export interface TreeFinder {
  trees: Trees
  shares: Shares
  attempts: Attempts
}

/**
 * The tree that a request names, as its caller may use it.
 * @throws CygnetError `unauthenticated` without an account where one is needed, `forbidden` at a link without its password
 */
export async function findTree(
  { trees, shares, attempts }: TreeFinder,
  id: string,
  principal: Principal | null,
  request: FastifyRequest,
): Promise<Tree> {
  if (id.startsWith('link-')) return trees.linked(await openLink(shares, attempts, id.slice('link-'.length), request))
  if (principal === null) throw new CygnetError('unauthenticated', 'Sign in to see these files.')
  if (principal.kind === 'local-admin') throw new CygnetError('forbidden', 'The local administrator has no files.')
  if (id === 'home') return trees.home(principal.user.name)
  return trees.received(principal.user.name, id.slice('share-'.length))
}
