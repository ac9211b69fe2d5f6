import { PageConfig } from '@jupyterlab/coreutils'

/** True where a hub stands before this server; without one there is nobody to share with and nowhere to go home to. */
export function isBehindHub(): boolean {
  return hubPrefix() !== ''
}

/** The address of a page of the portal, such as `/files`. */
export function portalUrl(path: `/${string}`): string {
  return serviceUrl() + path
}

/** The address of one of the hub's own pages, such as `logout`. */
export function hubUrl(page: 'spawn' | 'login' | 'logout'): string {
  return `${hubOrigin()}${hubPrefix()}${page}`
}

/** Where the service is, without a slash at the end; empty where it is at the root of this page's own origin. */
export function serviceUrl(): string {
  return hubOrigin() + hubPrefix().replace(/\/hub\/$/, '')
}

function hubOrigin(): string {
  return PageConfig.getOption('hubHost')
}

function hubPrefix(): string {
  return PageConfig.getOption('hubPrefix')
}
