import type { Homes } from '@cygnet/storage/homes'
import type { Shares } from '@cygnet/storage/shares'
import { createTrees } from '@cygnet/storage/trees'
import type { RouteModule } from '../mount-route.ts'
import { createExampleRoutes } from './example-routes.ts'
import type { Examples } from './examples.ts'
import type { Attempts } from './link-door.ts'
import { createLinkRoutes } from './link-routes.ts'
import { createShareRoutes } from './share-routes.ts'
import { createTraffic } from './traffic.ts'
import { createTreeRoutes } from './tree-routes.ts'

export interface FileRoutesDeps {
  homes: Homes
  shares: Shares
  examples: Examples
  /** For the passwords of links. */
  attempts: Attempts
  /** The service's address as people know it, without a slash at the end; for links. */
  publicUrl: () => string
  /** Seconds after which an upload or a download on which nothing moves is cut, 300 unless said. */
  patienceSeconds?: number
}

/** All routes of files, shares, links and examples. */
export function createFileRoutes(deps: FileRoutesDeps): RouteModule {
  const trees = createTrees(deps.homes, deps.shares)
  const patience = (deps.patienceSeconds ?? 300) * 1000
  const traffic = createTraffic()
  const modules = [
    createTreeRoutes({ ...deps, trees, traffic }, patience),
    createShareRoutes({ ...deps, traffic }),
    createLinkRoutes({ ...deps, traffic }),
    createExampleRoutes({ ...deps, trees, traffic }, patience),
  ]
  return (mount) => {
    for (const module of modules) module(mount)
  }
}
