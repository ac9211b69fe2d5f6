import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { examplesQuery } from '../api/queries.ts'
import { ExampleCard } from '../gallery/ExampleCard.tsx'

/** The first examples of the gallery. */
export function HomeGallery() {
  const examples = useQuery(examplesQuery)
  if (examples.data === undefined || examples.data.length === 0) return null
  return (
    <section aria-labelledby="gallery-title">
      <div className="home-head">
        <h2 id="gallery-title">From the gallery</h2>
        <Link to="/gallery" className="home-all">
          All examples
        </Link>
      </div>
      <ul className="gallery">
        {examples.data.slice(0, 3).map((example) => (
          <li key={example.id}>
            <ExampleCard example={example} heading="h3" />
          </li>
        ))}
      </ul>
    </section>
  )
}
