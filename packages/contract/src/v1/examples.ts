import { z } from 'zod'
import { defineRoute, needsScope } from '../route.ts'

export const example = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  /** A picture, below the service's address. */
  picture: z.string().nullable(),
  /** The notebook to open, relative to the example's folder. */
  notebook: z.string(),
})
export type Example = z.infer<typeof example>

export const listExamples = defineRoute({
  method: 'GET',
  path: '/api/v1/examples',
  summary: 'The gallery.',
  access: 'public',
  response: z.array(example),
})

export const openExample = defineRoute({
  method: 'POST',
  path: '/api/v1/examples/:id/open',
  summary: 'Copies an example into the caller’s home; a copy that is already there is left as it is.',
  access: needsScope('cygnet:files', 'caller'),
  params: z.object({ id: z.string().max(100) }),
  response: z.object({
    /** The notebook in the caller's home. */
    path: z.string(),
    /** Where the lab opens it, below the service's address. */
    url: z.string(),
  }),
})

export const readExampleFile = defineRoute({
  method: 'GET',
  path: '/api/v1/examples/:id/files/:file',
  summary: 'A file of an example, such as its data or picture; no sign-in.',
  access: 'public',
  params: z.object({ id: z.string().max(100), file: z.string().max(255) }),
  response: 'stream',
})
