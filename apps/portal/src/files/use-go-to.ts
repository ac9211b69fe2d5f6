import { useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { Tree } from './tree.ts'

/** Leads to the page of a file or folder of a tree. */
export function useGoTo(tree: Tree): (path: string) => void {
  const navigate = useNavigate()
  return useCallback(
    (path) => {
      const { place } = tree
      if (place.kind === 'home') void navigate({ to: '/files/$', params: { _splat: path } })
      else if (place.kind === 'share')
        void navigate({ to: '/shared/$share/$', params: { share: place.share, _splat: path } })
      else void navigate({ to: '/s/$token/$', params: { token: place.token, _splat: path } })
    },
    [navigate, tree],
  )
}
