import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

export const script = `console.log('lab');\n`.repeat(200)

/** A bundle of JupyterLab in small: the files that the server looks at. */
export async function writeLabBundle(folder: string): Promise<void> {
  const schema = {
    type: 'object',
    title: 'Themes',
    additionalProperties: false,
    'jupyter.lab.shortcuts': [],
    properties: {
      theme: { type: 'string', default: 'JupyterLab Light' },
      fonts: { type: 'object', default: { size: 1, family: 'a' } },
    },
  }
  const files: Record<string, string | Buffer> = {
    'manifest.json': JSON.stringify({
      version: '4.6.4',
      entry: ['main-AbC12345.js'],
      css: ['style-AbC12345.css'],
      preload: ['core-AbC12345.js'],
      icons: { idle: 'swan-AbC12345.svg' },
    }),
    'static/main-AbC12345.js': script,
    'static/main-AbC12345.js.br': brotliCompressSync(script),
    'static/plain.js': script,
    'schemas/@lab/themes-extension/themes.json': JSON.stringify(schema),
    'schemas/@lab/themes-extension/package.json.orig': '{"version": "4.6.4"}',
    'schemas/@lab/apples/plugin.json': '{"type": "object"}',
    'overrides.json': '{"@lab/themes-extension:themes": {"theme": "Swan", "fonts": {"size": 2}, "fresh": true}}',
    'themes/@lab/light/index.css': `/* ${'x'.repeat(2000)} */ @font-face { src: url('a.woff') }`,
    'themes/@lab/light/a.woff': 'font',
    'licenses.json':
      '{"packages": [{"name": "lab", "versionInfo": "4.6.4", "licenseId": "BSD", "extractedText": "a \\"text\\""}]}',
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}
