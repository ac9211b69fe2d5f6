import { PageConfig } from '@jupyterlab/coreutils'

/** True where a hub stands before this server; without one there is nobody to share with and nowhere to go home to. */
export function isBehindHub(): boolean {
  return hubPrefix() !== ''
}

/** The address of a page of the portal, such as `/files`. */
export function portalUrl(path: `/${string}`): string {
  return hubOrigin() + path
}

/** The address of one of the hub's own pages, such as `logout`. */
export function hubUrl(page: 'spawn' | 'login' | 'logout'): string {
  return `${hubOrigin()}${hubPrefix()}${page}`
}

/** Where the hub is, without a slash at the end; empty for this page's own origin. */
export function hubOrigin(): string {
  return PageConfig.getOption('hubHost')
}

function hubPrefix(): string {
  return PageConfig.getOption('hubPrefix')
}
