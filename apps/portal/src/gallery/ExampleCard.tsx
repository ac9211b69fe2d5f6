import { openExample, type Example } from '@cygnet/contract/v1/examples'
import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { call } from '../api/client.ts'
import { queryClient } from '../api/queries.ts'
import { useOpenInLab } from '../start/use-server.ts'
import { Problem } from '../ui/Problem.tsx'
import './gallery.css'

/** An example with its picture; opening copies it into the user's home and leads into the lab. */
export function ExampleCard({ example, heading: Heading }: { example: Example; heading: 'h2' | 'h3' }) {
  const openInLab = useOpenInLab()
  const open = useMutation({
    mutationFn: async () => {
      const { url } = await call(openExample, { params: { id: example.id } })
      void queryClient.invalidateQueries({ queryKey: ['entry', 'home'] })
      await openInLab.mutateAsync(url)
    },
  })
  return (
    <article className="card example">
      <div className="example-picture">
        {example.picture === null ? null : <img src={example.picture} alt="" loading="lazy" />}
      </div>
      <div className="example-body">
        <Heading>{example.title}</Heading>
        <p className="muted small">{example.description}</p>
        {example.tags.length === 0 ? null : (
          <ul className="tags" aria-label="About">
            {example.tags.map((tag) => (
              <li key={tag}>{tag}</li>
            ))}
          </ul>
        )}
        {open.isError ? <Problem title="The example could not be opened." error={open.error} /> : null}
        <div className="example-action">
          <Button
            variant="default"
            loading={open.isPending}
            onClick={() => open.mutate()}
            aria-label={`Open in my space: ${example.title}`}
          >
            Open in my space
          </Button>
        </div>
      </div>
    </article>
  )
}
