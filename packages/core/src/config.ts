import { readFile } from 'node:fs/promises'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { CygnetError, isSystemError } from './errors.ts'
import { publicUrl } from './public-url.ts'

const seconds = z.number().int().positive()

const signInConfig = z
  .strictObject({
    sessionDays: z.number().positive().default(14).describe('Days until someone who does not return is signed out.'),
    attempts: z.number().int().positive().default(10).describe('Wrong passwords per name and address before waiting.'),
    windowSeconds: seconds.default(300).describe('The time over which attempts are counted.'),
  })
  .prefault({})

const serversConfig = z
  .strictObject({
    cores: z
      .strictObject({
        default: z.number().positive().default(1).describe('Cores of a server unless its user picks others.'),
        max: z
          .number()
          .positive()
          .optional()
          .describe('Cores a user may pick at most; what the machine has unless said.'),
      })
      .prefault({}),
    memoryGiB: z
      .strictObject({
        default: z.number().positive().default(2).describe('Memory of a server in GiB unless its user picks another.'),
        max: z
          .number()
          .positive()
          .optional()
          .describe('GiB a user may pick at most; half of what the machine has unless said.'),
      })
      .prefault({}),
    processes: z.number().int().positive().default(512).describe('Processes and threads of one server at most.'),
    startSeconds: seconds.default(60).describe('How long a server may take to start.'),
  })
  .prefault({})

const sandboxConfig = z
  .strictObject({
    network: z
      .enum(['auto', 'private', 'host'])
      .default('auto')
      .describe(
        'private: a network of its own for every server (needs pasta); host: the host’s; auto: private where it can be had.',
      ),
    limits: z
      .enum(['auto', 'required', 'off'])
      .default('auto')
      .describe('Limits by cgroup: required refuses to start where they cannot be had.'),
    uidBase: z
      .number()
      .int()
      .positive()
      .default(200_000)
      .describe('Where the service runs as root, user number n runs and owns files as uid uidBase + n.'),
  })
  .prefault({})

const softwareConfig = z
  .strictObject({
    declarations: z
      .string()
      .optional()
      .describe('A folder of release declarations; the ones that come with Cygnet unless said.'),
    folder: z.string().optional().describe('Where releases are installed; `software` in the data folder unless said.'),
    ownPackages: z
      .string()
      .min(1)
      .optional()
      .describe('Where what users install themselves is kept; among the homes unless said. A local disk, no NFS.'),
    indexUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('The package index that pip and uv use in sessions, instead of PyPI.'),
    extraIndexUrls: z
      .array(z.url({ protocol: /^https?$/ }))
      .default([])
      .describe('Further package indexes for pip and uv in sessions.'),
    certificates: z
      .string()
      .min(1)
      .optional()
      .describe(
        'A PEM file of authorities that sessions trust beside the system’s: pip, uv, curl, requests, git, Node.js.',
      ),
  })
  .prefault({})

/** The whole configuration. Everything has a default; a key that is not here is refused. */
export const configSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('The address to listen on.'),
  port: z.number().int().min(0).max(65_535).default(8000).describe('The port to listen on; 0 takes a free one.'),
  data: z.string().min(1).default('./data').describe('The folder of everything the service keeps.'),
  publicUrl: publicUrl
    .optional()
    .describe(
      'The address people use, where a proxy stands before the service; its path, if any, comes before all others.',
    ),
  trustProxy: z
    .boolean()
    .default(false)
    .describe('Believe X-Forwarded-For and X-Forwarded-Proto of a proxy before the service.'),
  log: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('The least urgent thing to log.'),
  signIn: signInConfig,
  servers: serversConfig,
  sandbox: sandboxConfig,
  software: softwareConfig,
})

export type Config = z.infer<typeof configSchema>
export type ConfigInput = z.input<typeof configSchema>

/**
 * Reads a configuration file (YAML; JSON is YAML too).
 * @throws CygnetError `bad-request` naming the file, each wrong key and what it takes
 */
export async function readConfigFile(path: string): Promise<ConfigInput> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const why = isSystemError(cause, 'ENOENT') ? 'it does not exist' : String(cause)
    throw new CygnetError('bad-request', `The configuration file ${path} cannot be read: ${why}.`, { cause })
  }
  let value: unknown
  try {
    value = parseYaml(text) ?? {}
  } catch (cause) {
    throw new CygnetError('bad-request', `The configuration file ${path} is no valid YAML: ${String(cause)}`, { cause })
  }
  parseConfig(value, path)
  return value as ConfigInput
}

/** Checks a configuration and fills in the defaults. `source` names it in the error. */
export function parseConfig(value: unknown, source = 'the configuration'): Config {
  const result = configSchema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `  ${issue.path.join('.') || '(top)'}: ${issue.message}`)
  throw new CygnetError('bad-request', `Wrong configuration in ${source}:\n${problems.join('\n')}`, {
    mend: 'See docs/configuration.md for every key.',
  })
}
