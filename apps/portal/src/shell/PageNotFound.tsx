import { Link } from '@tanstack/react-router'
import { useTitle } from '../ui/use-title.ts'

export function PageNotFound() {
  useTitle('No such page')
  return (
    <main className="content">
      <div className="card narrow stack">
        <h1 className="title">There is no such page</h1>
        <p className="muted">The address may be mistyped, or the page may have moved.</p>
        <div>
          <Link className="button" to="/">
            Go to the home page
          </Link>
        </div>
      </div>
    </main>
  )
}
