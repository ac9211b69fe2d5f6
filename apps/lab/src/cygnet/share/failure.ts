import { ServiceError } from '@cygnet/contract/client'

/** Why something did not work, for people. */
export interface Failure {
  message: string
  mend: string | undefined
}

export function toFailure(error: unknown): Failure {
  if (error instanceof ServiceError) return { message: error.message, mend: error.mend }
  return { message: 'The answer of the service could not be read.', mend: 'Reload the page and try again.' }
}
