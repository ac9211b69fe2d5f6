import type { Route } from '@cygnet/contract/route'
import { errorBody } from '@cygnet/contract/client'
import { z } from 'zod'
import type { BasePath } from './base-path.ts'

type Json = Record<string, unknown>

/** Describes the routes in OpenAPI 3.1, from the contract alone. */
export function toOpenApi(routes: Route[], { version, base }: { version: string; base: BasePath }): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cygnet',
      version,
      description: 'Data analysis as a service. /hub/api follows JupyterHub’s REST API.',
    },
    servers: [{ url: base.path }],
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'A token, as `Authorization: token …` or `bearer …`.' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'cygnet-session' },
      },
      schemas: { Error: toSchema(errorBody, 'output') },
    },
    paths,
  }
}

function toOperation(route: Route): Json {
  const status = String(route.status ?? (route.response === 'empty' ? 204 : 200))
  return {
    summary: route.summary,
    'x-access': route.access,
    security: route.access === 'public' ? [] : [{ token: [] }, { cookie: [] }],
    parameters: [...toParameters(route.params, 'path'), ...toParameters(route.query, 'query')],
    ...(route.body === undefined ? {} : { requestBody: toBody(route.body) }),
    responses: {
      [status]: { description: 'Success.', ...toContent(route) },
      default: { description: 'An error.', content: toJsonContent({ $ref: '#/components/schemas/Error' }) },
    },
  }
}

function toParameters(schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path' || !z.safeParse(field, undefined).success,
    schema: toSchema(field as z.ZodType, 'input'),
  }))
}

function toBody(schema: z.ZodType): Json {
  return { required: !schema.safeParse(undefined).success, content: toJsonContent(toSchema(schema, 'input')) }
}

function toContent({ response }: Route): Json {
  if (response === 'empty') return {}
  if (response === 'stream') return { content: { '*/*': {} } }
  return { content: toJsonContent(toSchema(response, 'output')) }
}

function toJsonContent(schema: Json): Json {
  return { 'application/json': { schema } }
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
