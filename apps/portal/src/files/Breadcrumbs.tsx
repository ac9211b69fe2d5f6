import { Link } from '@tanstack/react-router'
import { Icon } from '../ui/Icon.tsx'
import { trailOf } from './path.ts'
import type { Tree } from './tree.ts'
import { TreeLink } from './TreeLink.tsx'

/** The way to a file or folder; the last step is the page's heading. */
export function Breadcrumbs({ tree, path }: { tree: Tree; path: string }) {
  const trail = trailOf(path)
  const steps = trail.slice(0, -1)
  const last = trail.at(-1)
  return (
    <nav className="crumbs" aria-label="Where you are">
      <ol>
        {tree.place.kind === 'share' ? (
          <li>
            <Link to="/shared">Shared</Link>
            <Icon name="chevronRight" size={14} />
          </li>
        ) : null}
        {last === undefined ? (
          <li className="crumbs-here">
            <h1>{tree.title}</h1>
          </li>
        ) : (
          <li>
            <TreeLink tree={tree} path="">
              {tree.title}
            </TreeLink>
            <Icon name="chevronRight" size={14} />
          </li>
        )}
        {steps.map((step) => (
          <li key={step.path}>
            <TreeLink tree={tree} path={step.path} title={step.name}>
              {step.name}
            </TreeLink>
            <Icon name="chevronRight" size={14} />
          </li>
        ))}
        {last === undefined ? null : (
          <li className="crumbs-here">
            <h1 title={last.name}>{last.name}</h1>
          </li>
        )}
      </ol>
    </nav>
  )
}
