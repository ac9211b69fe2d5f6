import { createClient, ServiceError, type Call } from '@cygnet/contract/client'
import { basePath } from './base-path.ts'
import { leaveForSignIn } from './session.ts'
import { xsrfHeaders } from './xsrf.ts'

const client = createClient({ baseUrl: basePath.slice(0, -1), headers: xsrfHeaders })

/** Calls the service as whoever is signed in. A lost session leads to the sign-in page, and back here afterwards. */
export const call: Call = async (route, args) => {
  try {
    return await client(route, args)
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'unauthenticated' && leaveForSignIn())
      await new Promise(() => undefined)
    throw error
  }
}
