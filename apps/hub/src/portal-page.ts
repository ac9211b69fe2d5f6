import { CygnetError, isSystemError } from '@cygnet/core/errors'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BasePath } from './base-path.ts'

export interface PortalPage {
  html: string
  etag: string
}

/**
 * The portal's one page. It stands at many depths, so it names its files in full: the build leaves `./` at their beginning,
 * in whose place the base path comes, and in that of the page's note where the service lies.
 *
 * @throws CygnetError `unavailable` where the portal is not built
 */
export async function readPortalPage(portalDir: string, base: BasePath): Promise<PortalPage> {
  const built = await readFile(join(portalDir, 'index.html'), 'utf8').catch((cause: unknown) => {
    if (!isSystemError(cause, 'ENOENT')) throw cause
    throw new CygnetError('unavailable', 'The portal’s pages are not built.', {
      cause,
      mend: 'Run npm run build where Cygnet is installed, and start it again.',
    })
  })
  const html = built.replaceAll('="./', `="${base.path}`)
  return { html, etag: `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"` }
}
