import { useQuery } from '@tanstack/react-query'
import { accountQuery } from '../api/queries.ts'

/** Who is signed in, once it is known. */
export function useUserName(): string | undefined {
  return useQuery(accountQuery).data?.name
}
