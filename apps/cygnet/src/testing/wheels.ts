import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

const program = `
import json, sys, zipfile
path, name, version, requires = sys.argv[1:4] + [json.loads(sys.argv[4])]
info = f'{name}-{version}.dist-info'
files = {
  f'{name}/__init__.py': f'__version__ = "{version}"\\ndef main(): import sys; print("{name} {version}", sys.prefix)\\n',
  f'{name}/only_in_{version.replace(".", "_")}.py': '',
  f'{info}/METADATA': f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n' + ''.join(f'Requires-Dist: {one}\\n' for one in requires),
  f'{info}/WHEEL': 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
  f'{info}/entry_points.txt': f'[console_scripts]\\n{name} = {name}:main\\n',
}
files[f'{info}/RECORD'] = ''.join(f'{file},,\\n' for file in [*files, f'{info}/RECORD'])
with zipfile.ZipFile(path, 'w') as wheel:
  for file, text in files.items(): wheel.writestr(file, text)
`

/** Builds a small wheel, whose script of the same name tells its version and its prefix. Returns its file's name and SHA-256. */
export async function buildWheel(
  folder: string,
  name: string,
  version: string,
  requires: string[] = [],
): Promise<{ file: string; sha256: string }> {
  await mkdir(folder, { recursive: true })
  const file = `${name}-${version}-py3-none-any.whl`
  const path = join(folder, file)
  await execute('/usr/bin/python3', ['-c', program, path, name, version, JSON.stringify(requires)])
  return {
    file,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  }
}
