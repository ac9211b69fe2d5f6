import { useParams } from '@tanstack/react-router'
import { homeTree } from './tree.ts'
import { TreePage } from './TreePage.tsx'

/** The user's own files. */
export function FilesPage() {
  const { _splat = '' } = useParams({ from: '/signed-in/files/$' })
  return <TreePage tree={homeTree} path={withoutSlash(_splat)} />
}

/** A slash at the end of a folder's address means nothing. */
export function withoutSlash(path: string): string {
  return path.replace(/^\/+|\/+$/g, '')
}
