import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '@cygnet/core/atomic-file'
import type { Config } from '@cygnet/core/config'
import { CygnetError } from '@cygnet/core/errors'
import type { Software } from '@cygnet/spawners/spawner'

/** Where sessions get packages and other things from, and whom they trust on the way: in the words of the programs that ask. */
export interface PackageSources {
  environment: Record<string, string>
  software: Software[]
}

/** Where Linux distributions keep the certificates that the system trusts. */
const systemBundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
const seenAt = '/opt/cygnet/certificates.pem'
/** pip; OpenSSL and with it Python, uv and curl; requests and conda; curl; git; Node.js. */
const certificateVariables = [
  'PIP_CERT',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'NODE_EXTRA_CA_CERTS',
]

/** @throws CygnetError `bad-request` where the file of certificates cannot be read or holds none */
export async function createPackageSources(config: Config['software'], data: string): Promise<PackageSources> {
  const { indexUrl, extraIndexUrls, certificates } = config
  const environment: Record<string, string> = {}
  if (indexUrl !== undefined) Object.assign(environment, { PIP_INDEX_URL: indexUrl, UV_DEFAULT_INDEX: indexUrl })
  if (extraIndexUrls.length > 0) {
    const all = extraIndexUrls.join(' ')
    Object.assign(environment, { PIP_EXTRA_INDEX_URL: all, UV_INDEX: all })
  }
  if (certificates === undefined) return { environment, software: [] }
  const bundle = join(data, 'certificates.pem')
  await writeAtomically(bundle, `${await readSystemBundle()}\n${await readCertificates(certificates)}`)
  for (const name of certificateVariables) environment[name] = seenAt
  return { environment, software: [{ source: bundle, target: seenAt }] }
}

async function readCertificates(path: string): Promise<string> {
  try {
    const text = await readFile(path, 'utf8')
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    if (blocks.length === 0) throw new Error('it holds no certificate in PEM format')
    for (const block of blocks) void new X509Certificate(block)
    return text
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CygnetError('bad-request', `software.certificates names ${path}, which cannot be used: ${why}.`, {
      cause,
      mend: 'Name a file of certificates in PEM format.',
    })
  }
}

async function readSystemBundle(): Promise<string> {
  for (const path of systemBundles) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return text
  }
  return ''
}
