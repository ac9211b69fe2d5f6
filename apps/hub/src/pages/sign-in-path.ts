import type { BasePath } from '../base-path.ts'

/** Where to sign in and come back from, without the base path; `next` has it, as in JupyterHub. */
export function toSignInPath(base: BasePath, url: string): string {
  return url === '/' ? '/hub/login' : `/hub/login?next=${encodeURIComponent(base.to(url))}`
}
