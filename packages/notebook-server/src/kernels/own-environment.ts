import { stat } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join } from 'node:path'

/**
 * The variables for a kernel whose program stands in an environment of its own, a virtual one or conda's: as if that environment were
 * activated instead of the server's, so that `pip` and `uv` in its cells mean it. The same variables for any other program.
 *
 * @param python - the server's own interpreter
 */
export async function withOwnEnvironment(
  argv: string[],
  python: string,
  variables: Record<string, string>,
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
  return { ...rest, ...own, PATH: [bin, ...folders].join(delimiter) }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
