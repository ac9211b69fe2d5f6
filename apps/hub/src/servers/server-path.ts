import type { BasePath } from '../base-path.ts'

/** What the paths of a user's server begin with, if it is started now: `/user/<name>/` below the service's base path. */
export function toServerPath(base: BasePath, user: { name: string }): string {
  return base.to(`/user/${user.name}/`)
}

/** Why the pages of a server do not work that was started below another base path. */
export const startedElsewhere =
  'It was started when the service had another address, and its pages still lead there. What runs in it goes on; stop it and start it again to open it here.'
