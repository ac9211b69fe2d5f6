/** Jupyter Server's model of a kernel. */
export interface KernelModel {
  id: string
  name: string
  /** ISO 8601. */
  last_activity: string
  execution_state: string
  /** How many WebSockets are open on it. */
  connections: number
  /** Why it is dead. */
  reason?: string
}
