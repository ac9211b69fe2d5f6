import type { Entry } from '@cygnet/contract/v1/files'
import { Link } from '@tanstack/react-router'
import { EmptyState } from '../ui/EmptyState.tsx'
import type { Tree } from './tree.ts'

/** An empty folder, with what to do next. */
export function FolderEmpty({ tree, folder, writable }: { tree: Tree; folder: Entry; writable: boolean }) {
  return (
    <div className="card">
      <EmptyState icon="folder" title={folder.path === '' ? 'No files yet' : 'This folder is empty'}>
        {!writable ? null : (
          <>
            Drop files or folders here, or use the buttons above.
            {tree.place.kind === 'home' && folder.path === '' ? (
              <>
                {' '}
                The <Link to="/gallery">gallery</Link> has examples to begin with.
              </>
            ) : null}
          </>
        )}
      </EmptyState>
    </div>
  )
}
