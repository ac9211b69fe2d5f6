import { mkdir, stat, symlink } from 'node:fs/promises'
import { isSystemError } from '@cygnet/core/errors'
import { delimiter, dirname, isAbsolute, join } from 'node:path'

/**
 * The variables for a kernel whose program stands in an environment of its own, a virtual one or conda's: as if that environment were
 * activated instead of the server's, so that `pip` and `uv` in its cells mean it. The same variables for any other program.
 *
 * Of the server's environment only `uv` stays in reach, which works in whichever is activated; its `pip` would be the wrong one.
 *
 * @param python - the server's own interpreter
 * @param runtimeDir - a private folder, for the way to `uv`
 */
export async function withOwnEnvironment(
  argv: string[],
  python: string,
  variables: Record<string, string>,
  runtimeDir: string,
): Promise<Record<string, string>> {
  const bin = dirname(argv[0] ?? '')
  if (!isAbsolute(bin) || bin === dirname(python)) return variables
  const prefix = dirname(bin)
  const [isVirtual, isConda] = await Promise.all([
    exists(join(prefix, 'pyvenv.cfg')),
    exists(join(prefix, 'conda-meta')),
  ])
  if (!isVirtual && !isConda) return variables
  const { VIRTUAL_ENV: activated, PATH: path = '', ...rest } = variables
  const left = activated === undefined ? undefined : join(activated, 'bin')
  const folders = path.split(delimiter).filter((folder) => folder !== left && folder !== bin)
  const own: Record<string, string> = isVirtual ? { VIRTUAL_ENV: prefix } : { CONDA_PREFIX: prefix }
  const tools = left === undefined ? [] : [await linkTools(left, join(runtimeDir, 'tools'))]
  return { ...rest, ...own, PATH: [bin, ...tools, ...folders].join(delimiter) }
}

/** Also where they are not there yet: they may be installed while the kernel runs. */
async function linkTools(from: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of ['uv', 'uvx'])
    await symlink(join(from, name), join(folder, name)).catch((error: unknown) => {
      if (!isSystemError(error, 'EEXIST')) throw error
    })
  return folder
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
