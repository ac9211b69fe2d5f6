import { router } from '../router.tsx'
import { resolvePath } from '../files/path.ts'
import { contentUrl, type Tree } from '../files/tree.ts'
import type { References } from './sanitise.ts'

/** Relative links and images of a document lead to the files beside it, in the same tree and nowhere else. */
export function createReferences(tree: Tree, folder: string): References {
  const within = (reference: string) => resolvePath(folder, reference)
  return {
    link: (reference) => {
      const path = within(reference)
      return path === undefined ? undefined : pageUrl(tree, path)
    },
    image: (reference) => {
      const path = within(reference)
      return path === undefined ? undefined : contentUrl(tree, { path })
    },
  }
}

function pageUrl({ place }: Tree, _splat: string): string {
  if (place.kind === 'home') return router.buildLocation({ to: '/files/$', params: { _splat } }).publicHref
  if (place.kind === 'share')
    return router.buildLocation({ to: '/shared/$share/$', params: { share: place.share, _splat } }).publicHref
  return router.buildLocation({ to: '/s/$token/$', params: { token: place.token, _splat } }).publicHref
}
