import { listOwnPackages, resetOwnPackages, type OwnPackages } from '@cygnet/contract/v1/packages'
import { CygnetError } from '@cygnet/core/errors'
import type { RouteModule } from '../mount-route.ts'
import type { Servers } from '../servers/servers.ts'

export interface PackageRoutesDeps {
  servers: Pick<Servers, 'route'>
  packages: {
    list(userName: string, signal: AbortSignal): Promise<OwnPackages[]>
    /** @throws CygnetError `not-found` */
    reset(userName: string, id: string): Promise<void>
  }
}

/** What users have installed over releases. */
export function createPackageRoutes({ servers, packages }: PackageRoutesDeps): RouteModule {
  return (mount) => {
    mount(listOwnPackages, ({ principal, signal }) => packages.list(principal.user.name, signal))

    mount(resetOwnPackages, async ({ principal, params }) => {
      const { name } = principal.user
      // A running session has them open.
      if (servers.route(name).at !== 'stopped')
        throw new CygnetError('conflict', 'Your server is running; your packages are in use.', {
          mend: 'Stop your server first.',
        })
      await packages.reset(name, params.id)
    })
  }
}
