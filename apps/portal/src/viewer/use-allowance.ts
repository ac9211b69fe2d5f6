import { createContext, useContext, useMemo } from 'react'
import { createAllowance, type Allowance } from './allowance.ts'

/** The time for all parts of one document. */
export const SharedAllowance = createContext<Allowance | undefined>(undefined)

/** The document's allowance, or one of its own for each content where it shares none. */
export function useAllowance(content: string): Allowance {
  const shared = useContext(SharedAllowance)
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- another content, another allowance
  return useMemo(() => shared ?? createAllowance(), [shared, content])
}
