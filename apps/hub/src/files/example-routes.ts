import { listExamples, openExample, readExampleFile } from '@cygnet/contract/v1/examples'
import type { Trees } from '@cygnet/storage/trees'
import { baseOf } from '../base-path.ts'
import type { RouteModule } from '../mount-route.ts'
import type { Examples } from './examples.ts'
import { sendFile } from './send-file.ts'
import type { Traffic } from './traffic.ts'

export interface ExampleRoutesDeps {
  examples: Examples
  trees: Trees
  traffic: Traffic
}

/** The gallery. */
export function createExampleRoutes({ examples, trees, traffic }: ExampleRoutesDeps, patience: number): RouteModule {
  return (mount) => {
    mount(listExamples, ({ request }) => {
      const base = baseOf(request.raw)
      return examples.list().map((one) => ({ ...one, picture: one.picture === null ? null : base.to(one.picture) }))
    })

    mount(openExample, async (call) => {
      const { params, principal, request } = call
      traffic.enter(call)
      const tree = await trees.home(principal.user.name)
      const path = await examples.copyTo(params.id, tree.space)
      const address = path.split('/').map(encodeURIComponent).join('/')
      const page = `/user/${encodeURIComponent(principal.user.name)}/lab/tree/${address}`
      return { path, url: baseOf(request.raw).to(page) }
    })

    mount(readExampleFile, async (call) => {
      const { params, request, reply } = call
      traffic.enter(call)
      return sendFile({ request, reply, patience }, examples.files(params.id), {
        path: params.file,
        download: false,
        cacheControl: 'public, max-age=300',
      })
    })
  }
}
