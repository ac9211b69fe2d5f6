import { useSyncExternalStore } from 'react'
import { describeProblem } from './Problem.tsx'

export interface Toast {
  id: number
  tone: 'good' | 'error'
  text: string
}

let toasts: readonly Toast[] = []
let lastId = 0
const listeners = new Set<() => void>()

/** Tells in passing that something is done. */
export function tell(text: string): void {
  add({ id: ++lastId, tone: 'good', text }, 4_000)
}

/** Tells what went wrong where it has no better place; it stays longer. */
export function tellProblem(title: string, error: unknown): void {
  const { message, mend } = describeProblem(error)
  add({ id: ++lastId, tone: 'error', text: [title, message, mend].filter(Boolean).join(' ') }, 12_000)
}

export function dismissToast(id: number): void {
  toasts = toasts.filter((toast) => toast.id !== id)
  for (const listener of listeners) listener()
}

export function useToasts(): readonly Toast[] {
  return useSyncExternalStore(subscribe, () => toasts)
}

function add(toast: Toast, milliseconds: number): void {
  toasts = [...toasts.slice(-3), toast]
  for (const listener of listeners) listener()
  setTimeout(() => dismissToast(toast.id), milliseconds)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
