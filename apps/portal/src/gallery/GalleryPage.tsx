import { useQuery } from '@tanstack/react-query'
import { examplesQuery } from '../api/queries.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { Problem } from '../ui/Problem.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { ExampleCard } from './ExampleCard.tsx'

export function GalleryPage() {
  useTitle('Gallery')
  const examples = useQuery(examplesQuery)
  return (
    <>
      <h1 className="title">Gallery</h1>
      <p className="lead">Analyses to run, change and learn from. Opening one makes a copy among your files.</p>
      {examples.isError ? (
        <Problem error={examples.error} retry={() => void examples.refetch()} />
      ) : examples.data === undefined ? (
        <Waiting />
      ) : examples.data.length === 0 ? (
        <EmptyState icon="image" title="The gallery is empty">
          Whoever runs this service can put examples here.
        </EmptyState>
      ) : (
        <ul className="gallery">
          {examples.data.map((example) => (
            <li key={example.id}>
              <ExampleCard example={example} heading="h2" />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
