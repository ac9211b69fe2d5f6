import { listIsolationGaps, type IsolationGap } from '@cygnet/contract/v1/machine'
import type { RouteModule } from '../mount-route.ts'

/** What administrators see of the machine. @param findGaps - rejects where no server can start at all */
export function createMachineRoutes(findGaps: () => Promise<IsolationGap[]>): RouteModule {
  return (mount) => mount(listIsolationGaps, findGaps)
}
