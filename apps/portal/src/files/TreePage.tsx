import { ServiceError } from '@cygnet/contract/client'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { entryQuery } from '../api/queries.ts'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { Breadcrumbs } from './Breadcrumbs.tsx'
import { FolderView } from './FolderView.tsx'
import { nameOf, parentOf } from './path.ts'
import type { Tree } from './tree.ts'
import { TreeLink } from './TreeLink.tsx'
import './files.css'

const FileView = lazy(async () => ({ default: (await import('../viewer/FileView.tsx')).FileView }))

interface Props {
  tree: Tree
  path: string
  /** Whose files these are, where they are not the user's own. */
  owner?: string | undefined
}

/** The page of one address of a tree: a folder's list, or a file's content. */
export function TreePage({ tree, path, owner }: Props) {
  const found = useQuery(entryQuery(tree.id, path))
  useTitle(path === '' ? tree.title : nameOf(path))
  if (found.isError) return <Missing tree={tree} path={path} error={found.error} retry={() => void found.refetch()} />
  if (found.data === undefined) return <Waiting />
  if (found.data.kind === 'folder')
    return <FolderView key={`${tree.id} ${path}`} tree={tree} folder={found.data} owner={owner} />
  return (
    <Suspense fallback={<Waiting />}>
      <FileView key={`${tree.id} ${path}`} tree={tree} entry={found.data} owner={owner} />
    </Suspense>
  )
}

function Missing({ tree, path, error, retry }: { tree: Tree; path: string; error: Error; retry: () => void }) {
  const missing = error instanceof ServiceError && error.status === 404
  return (
    <div className="stack">
      <Breadcrumbs tree={tree} path={path} />
      {missing ? (
        <div className="card stack narrow">
          <h1 className="title">There is nothing here</h1>
          <p className="muted missing-name">
            “{nameOf(path) === '' ? tree.title : nameOf(path)}” may have been renamed, moved or deleted.
          </p>
          {path === '' ? null : (
            <div>
              <TreeLink className="button" tree={tree} path={parentOf(path)}>
                Go to the folder it was in
              </TreeLink>
            </div>
          )}
        </div>
      ) : (
        <Problem title="This could not be opened." error={error} retry={retry} />
      )}
    </div>
  )
}
