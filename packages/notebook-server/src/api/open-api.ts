/** The API in OpenAPI's words, as `/api/spec.yaml`. */
export function openApi(basePath: string): string {
  return `${head(basePath)}${paths.map(toYaml).join('')}`
}

interface Operation {
  method: 'get' | 'put' | 'post' | 'patch' | 'delete'
  summary: string
  answers: number[]
}

const paths: Array<{ path: string; operations: Operation[] }> = [
  { path: '/api', operations: [get('The version of the API')] },
  { path: '/api/status', operations: [get('Kernels, connections and the time of the last activity')] },
  { path: '/api/me', operations: [get('Who is signed in, and what they may do')] },
  {
    path: '/api/contents/{path}',
    operations: [
      get('A file, notebook or folder (query: type, format, content, hash)', [200, 400, 403, 404, 413]),
      {
        method: 'put',
        summary: 'Save, or send one piece of a large file',
        answers: [200, 201, 400, 403, 409, 413, 507],
      },
      {
        method: 'post',
        summary: 'Make an untitled file, notebook or folder, or a copy (copy_from)',
        answers: [201, 400, 404, 507],
      },
      { method: 'patch', summary: 'Rename or move (path)', answers: [200, 400, 404, 409] },
      { method: 'delete', summary: 'Delete', answers: [204, 400, 403, 404] },
    ],
  },
  {
    path: '/api/contents/{path}/checkpoints',
    operations: [
      get('The checkpoints of a file'),
      { method: 'post', summary: 'Make a checkpoint', answers: [201, 404, 507] },
    ],
  },
  {
    path: '/api/contents/{path}/checkpoints/{checkpoint_id}',
    operations: [
      { method: 'post', summary: 'Go back to a checkpoint', answers: [204, 404] },
      { method: 'delete', summary: 'Delete a checkpoint', answers: [204, 404] },
    ],
  },
  {
    path: '/api/contents/{path}/trust',
    operations: [{ method: 'post', summary: 'Trust a notebook', answers: [201, 404] }],
  },
  { path: '/api/kernelspecs', operations: [get('The kernels that can be started')] },
  {
    path: '/api/kernels',
    operations: [
      get('The running kernels'),
      { method: 'post', summary: 'Start a kernel (name, path)', answers: [201, 404] },
    ],
  },
  {
    path: '/api/kernels/{kernel_id}',
    operations: [get('A kernel', [200, 404]), { method: 'delete', summary: 'End a kernel', answers: [204, 404] }],
  },
  {
    path: '/api/kernels/{kernel_id}/interrupt',
    operations: [{ method: 'post', summary: 'Interrupt a kernel', answers: [204, 404] }],
  },
  {
    path: '/api/kernels/{kernel_id}/restart',
    operations: [{ method: 'post', summary: 'Restart a kernel', answers: [200, 404] }],
  },
  { path: '/api/kernels/{kernel_id}/channels', operations: [get('A WebSocket to a kernel', [101, 404])] },
  {
    path: '/api/sessions',
    operations: [
      get('Documents and their kernels'),
      { method: 'post', summary: 'Tie a document to a kernel', answers: [201, 400] },
    ],
  },
  {
    path: '/api/sessions/{session_id}',
    operations: [
      get('A session', [200, 404]),
      { method: 'patch', summary: 'Change its path, name, type or kernel', answers: [200, 404] },
      { method: 'delete', summary: 'End a session and its kernel', answers: [204, 404] },
    ],
  },
  {
    path: '/api/terminals',
    operations: [get('The open terminals'), { method: 'post', summary: 'Open a terminal', answers: [200] }],
  },
  {
    path: '/api/terminals/{name}',
    operations: [get('A terminal', [200, 404]), { method: 'delete', summary: 'Close a terminal', answers: [204, 404] }],
  },
  {
    path: '/api/config/{section}',
    operations: [
      get('A section of the configuration'),
      { method: 'put', summary: 'Replace a section', answers: [204, 400] },
      { method: 'patch', summary: 'Merge into a section', answers: [200, 400] },
    ],
  },
  { path: '/api/events', operations: [{ method: 'post', summary: 'Report an event', answers: [204, 400] }] },
  { path: '/api/events/subscribe', operations: [get('A WebSocket of events', [101])] },
  { path: '/files/{path}', operations: [get('A file as it is, or a range of it', [200, 206, 304, 403, 404, 416])] },
]

function get(summary: string, answers = [200]): Operation {
  return { method: 'get', summary, answers }
}

const meanings: Record<number, string> = {
  101: 'Switching protocols',
  200: 'OK',
  201: 'Created',
  204: 'Done',
  206: 'A part',
  304: 'Unchanged',
  400: 'The request is not as it should be',
  403: 'Not permitted',
  404: 'Not found',
  409: 'There is already something there, or an upload was interrupted',
  413: 'Too large',
  416: 'Beyond the end',
  507: 'The disk is full',
}

function head(basePath: string): string {
  return [
    'openapi: 3.1.0',
    'info:',
    '  title: Cygnet notebook server',
    "  description: Jupyter Server's API for the files and kernels of one user.",
    '  version: 1.0.0',
    'servers:',
    `  - url: ${JSON.stringify(basePath === '/' ? '/' : basePath.slice(0, -1))}`,
    'components:',
    '  securitySchemes:',
    '    token:',
    '      type: apiKey',
    '      in: header',
    '      name: Authorization',
    '      description: "token SECRET or Bearer SECRET; for WebSockets also ?token=SECRET"',
    'security:',
    '  - token: []',
    'paths:',
    '',
  ].join('\n')
}

function toYaml({ path, operations }: (typeof paths)[number]): string {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  const lines = [`  ${path}:`]
  if (parameters.length > 0) lines.push('    parameters:')
  for (const name of parameters) {
    lines.push(`      - { name: ${name}, in: path, required: true, schema: { type: string } }`)
  }
  for (const { method, summary, answers } of operations) {
    lines.push(`    ${method}:`, `      summary: ${JSON.stringify(summary)}`, '      responses:')
    for (const status of answers)
      lines.push(`        "${status}": { description: ${JSON.stringify(meanings[status])} }`)
  }
  return `${lines.join('\n')}\n`
}
