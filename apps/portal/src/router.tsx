import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { basePath } from './api/base-path.ts'
import { HomePage } from './home/HomePage.tsx'
import { PageError } from './shell/PageError.tsx'
import { PageNotFound } from './shell/PageNotFound.tsx'
import { Shell } from './shell/Shell.tsx'

const root = createRootRoute({ notFoundComponent: PageNotFound })

/** The pages for whoever is signed in. */
const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Shell })

const home = createRoute({ getParentRoute: () => signedIn, path: '/', component: HomePage })

const start = createRoute({
  getParentRoute: () => signedIn,
  path: '/start',
  validateSearch: (search: Record<string, unknown>): { next?: string; again?: true } => ({
    ...(typeof search['next'] === 'string' ? { next: search['next'] } : {}),
    ...(search['again'] === undefined ? {} : { again: true }),
  }),
  component: lazyRouteComponent(() => import('./start/StartPage.tsx'), 'StartPage'),
})

const filesRoot = createRoute({
  getParentRoute: () => signedIn,
  path: '/files',
  beforeLoad: () => redirect({ to: '/files/$', params: { _splat: '' }, throw: true }),
})

const files = createRoute({
  getParentRoute: () => signedIn,
  path: '/files/$',
  component: lazyRouteComponent(() => import('./files/FilesPage.tsx'), 'FilesPage'),
})

const shared = createRoute({
  getParentRoute: () => signedIn,
  path: '/shared',
  component: lazyRouteComponent(() => import('./share/SharedPage.tsx'), 'SharedPage'),
})

const sharedTree = createRoute({
  getParentRoute: () => signedIn,
  path: '/shared/$share/$',
  component: lazyRouteComponent(() => import('./files/SharePage.tsx'), 'SharePage'),
})

const gallery = createRoute({
  getParentRoute: () => signedIn,
  path: '/gallery',
  component: lazyRouteComponent(() => import('./gallery/GalleryPage.tsx'), 'GalleryPage'),
})

const account = createRoute({
  getParentRoute: () => signedIn,
  path: '/account',
  component: lazyRouteComponent(() => import('./account/AccountPage.tsx'), 'AccountPage'),
})

/** The pages of links, for anyone. */
const link = createRoute({
  getParentRoute: () => root,
  path: '/s/$token/$',
  component: lazyRouteComponent(() => import('./links/LinkPage.tsx'), 'LinkPage'),
})

export const router = createRouter({
  basepath: basePath,
  routeTree: root.addChildren([
    signedIn.addChildren([home, start, filesRoot, files, shared, sharedTree, gallery, account]),
    link,
  ]),
  defaultErrorComponent: PageError,
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
