import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { isSystemError } from '@cygnet/core/errors'
import { rolldown, type Plugin } from 'rolldown'
import { copyNativePackages } from './bundling/copy-native.ts'

const here = import.meta.dirname

/**
 * Makes a folder that runs alone wherever it is put, read-only too: `server.mjs`, the chunks it loads with the code that V8 made of
 * them, native packages and pictures. The folder that was there before is kept aside, for the servers that still run from it.
 */
export async function buildNotebookServer(outDir: string): Promise<void> {
  const aside = join(dirname(outDir), 'node_modules', '.cache', basename(outDir))
  const fresh = join(aside, `fresh-${process.pid}`)
  await mkdir(fresh, { recursive: true })
  try {
    await bundle(fresh)
    await copyNativePackages(join(fresh, 'node_modules'))
    await cp(join(here, 'assets'), join(fresh, 'assets'), { recursive: true })
    await promisify(execFile)(process.execPath, [join(here, 'bundling', 'write-code-cache.ts'), fresh])
    const previous = join(aside, 'previous')
    await rm(previous, { recursive: true, force: true })
    await rename(outDir, previous).catch((error: unknown) => {
      if (!isSystemError(error, 'ENOENT')) throw error
    })
    await rename(fresh, outDir)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function bundle(folder: string): Promise<void> {
  const program = await rolldown({
    input: { program: join(here, 'src', 'program.ts') },
    platform: 'node',
    external: [...nativePackages, ...neverLoaded],
    plugins: [withoutUnusedTypes, inAscii],
    checks: { eval: false },
  })
  await program.write({
    dir: folder,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    dynamicImportInCjs: false,
    minify: { mangle: false, compress: true, codegen: true },
  })
  await program.close()
  const boot = await rolldown({ input: join(here, 'src', 'boot', 'server.ts'), platform: 'node' })
  await boot.write({ file: join(folder, 'server.mjs'), format: 'esm' })
  await boot.close()
}

const nativePackages = ['zeromq', '@lydell/node-pty', 'koffi']

/** Fastify asks for these only where routes have JSON schemas, or where it is tried without a network. Here neither is the case. */
const neverLoaded = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request']

/** Of the table of media types only those that a file name can lead to, and of each only what names it. */
const withoutUnusedTypes: Plugin = {
  name: 'without-unused-types',
  load: {
    filter: { id: /mime-db[\\/]db\.json$/ },
    async handler(id) {
      const table = JSON.parse(await readFile(id, 'utf8')) as Record<string, { extensions?: string[]; source?: string }>
      const used = Object.entries(table).filter(([, { extensions }]) => extensions !== undefined)
      const entries = used.map(([type, { extensions, source }]) => [type, { extensions, source }])
      return { code: JSON.stringify(Object.fromEntries(entries)), moduleType: 'json' }
    },
  },
}

/** V8 keeps the source of what it runs, and twice as much of it where one character lies beyond Latin 1. */
const inAscii: Plugin = {
  name: 'in-ascii',
  generateBundle(_options, output) {
    for (const chunk of Object.values(output)) {
      if (chunk.type === 'chunk') chunk.code = chunk.code.replaceAll(/[\u0080-\uffff]/g, toEscape)
    }
  },
}

function toEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

if (import.meta.main) await buildNotebookServer(join(here, 'dist'))
