import type { FileHandle } from 'node:fs/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { joinPath, parsePath } from '../contents/path.ts'
import type { Root } from '../contents/root.ts'
import { guessType } from '../http/mime-type.ts'
import { sendFile } from '../http/send-file.ts'

type FilesRequest = FastifyRequest<{ Params: { '*': string }; Querystring: { download?: string } }>

/** `/files/*`: a file as it is, with ranges, in a sandbox of its own; `/view/*`: the same in a frame where it is a page. */
export function registerFiles(app: FastifyInstance, { root, basePath }: { root: Root; basePath: string }): void {
  // Scripts of a page may run, but in an origin of its own: they reach nothing of the person who looks at it.
  const policy = `frame-ancestors 'self'; report-uri ${basePath}api/security/csp-report; sandbox allow-scripts`

  app.route({
    method: ['GET', 'HEAD'],
    url: '/files/*',
    handler: async (request, reply) => {
      const { params, query } = request as FilesRequest
      const path = joinPath(parsePath(params['*']))
      const name = path.slice(path.lastIndexOf('/') + 1)
      const file: FileHandle = await root.openFile(path)
      reply.header('content-security-policy', policy)
      if (name.endsWith('.ipynb') || (query.download !== undefined && query.download !== '0')) {
        reply.header('content-disposition', attachment(name))
      }
      return sendFile(request, reply, file, { type: typeOf(name), cacheControl: 'no-cache' })
    },
  })

  app.get('/view/*', (request, reply) => {
    const path = joinPath(parsePath((request as FilesRequest).params['*']))
    const url = `${basePath}files/${path.split('/').map(encodeURIComponent).join('/')}`
    return /\.html?$/i.test(path) ? sendFrame(reply, path, url) : reply.redirect(url)
  })
}

function sendFrame(reply: FastifyReply, path: string, url: string): FastifyReply {
  const title = escapeHtml(path.slice(path.lastIndexOf('/') + 1))
  return reply
    .type('text/html; charset=utf-8')
    .header(
      'content-security-policy',
      "frame-ancestors 'self'; default-src 'none'; frame-src 'self'; style-src 'unsafe-inline'",
    )
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
        '<style>body{margin:0}iframe{display:block;width:100%;height:100vh;border:0}</style>' +
        `<iframe title="${title}" sandbox="allow-scripts" src="${escapeHtml(url)}"></iframe></html>`,
    )
}

function typeOf(name: string): string {
  const type = guessType(name) ?? 'application/octet-stream'
  // A page says itself how it is encoded.
  return type.startsWith('text/') && type !== 'text/html' ? `${type}; charset=utf-8` : type
}

/** RFC 6266: the name in UTF-8, and in ASCII for those who do not know that. */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char)
}
