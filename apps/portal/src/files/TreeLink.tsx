import { Link } from '@tanstack/react-router'
import type { ComponentProps } from 'react'
import type { Tree } from './tree.ts'

type Props = Pick<ComponentProps<'a'>, 'children' | 'className' | 'title' | 'tabIndex'> & {
  tree: Tree
  path: string
  'data-name'?: boolean
}

/** A link to the page of a file or folder of a tree. */
export function TreeLink({ tree, path, ...rest }: Props) {
  const { place } = tree
  if (place.kind === 'home') return <Link to="/files/$" params={{ _splat: path }} {...rest} />
  if (place.kind === 'share')
    return <Link to="/shared/$share/$" params={{ share: place.share, _splat: path }} {...rest} />
  return <Link to="/s/$token/$" params={{ token: place.token, _splat: path }} {...rest} />
}
