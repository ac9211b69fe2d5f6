/** What a chunk of the bundle is called with: CommonJS, as Node wraps it. */
type Chunk = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void

export interface ChunkLoaderOptions {
  /** Of the bundle, absolute; nothing is written to it. */
  folder: string
  /** Told of each chunk that is loaded, for whoever wants to keep the compiled code. */
  onScript?: (name: string, script: Script) => void
}

type Script = InstanceType<typeof import('node:vm').Script>

/** Behind a chunk's name: its compiled code. Node's own compile cache will not do: it is another one for every uid and every path. */
export const compiledSuffix = '.v8'

/**
 * Loads the chunks of a bundle, which are CommonJS in ASCII, with the code that V8 compiled when the bundle was made. Returns what loads one.
 *
 * Built-in modules are got by `getBuiltinModule`: an `import` would evaluate each of their exports, and for `node:http` that is all of
 * undici, which takes as long as the whole start.
 */
export function createChunkLoader({ folder, onScript }: ChunkLoaderOptions): (name: string) => object {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const { Script } = process.getBuiltinModule('node:vm')
  const nodeRequire = process.getBuiltinModule('node:module').createRequire(`${folder}/`)
  const modules = new Map<string, { exports: object }>()

  function readCompiled(file: string): Buffer | undefined {
    try {
      return readFileSync(file + compiledSuffix)
    } catch {
      // Without it the chunk is compiled again: slower, not wrong. V8 itself refuses the code of another version.
      return undefined
    }
  }

  function load(name: string): object {
    const known = modules.get(name)
    if (known !== undefined) return known.exports
    const module = { exports: {} }
    modules.set(name, module)
    const file = `${folder}/${name}`
    const cachedData = readCompiled(file)
    const code = wrapped(readFileSync(file, 'latin1'))
    const script = new Script(code, { filename: file, ...(cachedData !== undefined && { cachedData }) })
    onScript?.(name, script)
    const chunk = script.runInThisContext() as Chunk
    chunk(module.exports, requireFrom, module, file, folder)
    return module.exports
  }

  function requireFrom(name: string): unknown {
    return name.startsWith('./') ? load(name.slice(2)) : nodeRequire(name)
  }

  return load
}

/** On one line with the code, so that the lines in stack traces are those of the file. */
function wrapped(code: string): string {
  return `(function (exports, require, module, __filename, __dirname) { ${code}\n})`
}
