import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { entryQuery } from '../api/queries.ts'
import { FileIcon } from '../files/FileIcon.tsx'
import { homeTree } from '../files/tree.ts'
import { TreeLink } from '../files/TreeLink.tsx'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Problem } from '../ui/Problem.tsx'
import { Waiting } from '../ui/Waiting.tsx'
import { When } from '../ui/When.tsx'

/** What changed last in the home folder. */
export function HomeFiles() {
  const home = useQuery(entryQuery('home', ''))
  const recent = (home.data?.children ?? [])
    .filter(({ name }) => !name.startsWith('.'))
    .toSorted((a, b) => Date.parse(b.modified) - Date.parse(a.modified))
    .slice(0, 6)
  return (
    <section className="card" aria-labelledby="files-title">
      <div className="home-head">
        <h2 id="files-title">Recent files</h2>
        <Link to="/files/$" params={{ _splat: '' }} className="home-all">
          All my files
        </Link>
      </div>
      {home.isError ? (
        <Problem error={home.error} retry={() => void home.refetch()} />
      ) : home.data === undefined ? (
        <Waiting />
      ) : recent.length === 0 ? (
        <EmptyState icon="folder" title="No files yet">
          Start your server and make a notebook, <Link to="/files/$">upload some files</Link>, or open an example from
          the <Link to="/gallery">gallery</Link>.
        </EmptyState>
      ) : (
        <ul className="home-list">
          {recent.map((entry) => (
            <li key={entry.path}>
              <FileIcon entry={entry} />
              <TreeLink tree={homeTree} path={entry.path} className="home-name" title={entry.name}>
                {entry.name}
              </TreeLink>
              <span className="muted small">
                <When iso={entry.modified} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
