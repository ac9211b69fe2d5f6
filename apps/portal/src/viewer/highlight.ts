import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import cpp from 'highlight.js/lib/languages/cpp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import dockerfile from 'highlight.js/lib/languages/dockerfile'
import fortran from 'highlight.js/lib/languages/fortran'
import go from 'highlight.js/lib/languages/go'
import ini from 'highlight.js/lib/languages/ini'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import julia from 'highlight.js/lib/languages/julia'
import latex from 'highlight.js/lib/languages/latex'
import makefile from 'highlight.js/lib/languages/makefile'
import markdown from 'highlight.js/lib/languages/markdown'
import perl from 'highlight.js/lib/languages/perl'
import python from 'highlight.js/lib/languages/python'
import r from 'highlight.js/lib/languages/r'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

const languages = {
  bash,
  cpp,
  css,
  diff,
  dockerfile,
  fortran,
  go,
  ini,
  java,
  javascript,
  json,
  julia,
  latex,
  makefile,
  markdown,
  perl,
  python,
  r,
  ruby,
  rust,
  sql,
  typescript,
  xml,
  yaml,
}

for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language)
hljs.registerAliases(['ipython', 'ipython3', 'pyi', 'cython', 'sage'], { languageName: 'python' })
hljs.registerAliases(['c++', 'cuda', 'cxx', 'hh'], { languageName: 'cpp' })
hljs.registerAliases(['f', 'f77', 'f90', 'f95', 'f03'], { languageName: 'fortran' })
hljs.registerAliases(['tex', 'bib'], { languageName: 'latex' })
hljs.registerAliases(['jl'], { languageName: 'julia' })
hljs.registerAliases(['fish'], { languageName: 'bash' })
hljs.registerAliases(['cfg', 'conf', 'properties', 'env', 'lock'], { languageName: 'ini' })

/** Beyond this, colouring takes longer than reading. */
const longest = 200_000

/**
 * For some words and gaps the rules of a language take the square of their length, or its cube. No line that people
 * wrote is as long, nor is any word or gap.
 */
const longestLine = 1_000
const longRun = /\s{200}|[\w.$]{130}/

/**
 * Code as HTML with the classes of highlight.js, everything in it escaped. Undefined where the language is not known
 * or the code, a line, or a word of it is too long: then it is shown as it is.
 */
export function highlight(code: string, language: string): string | undefined {
  if (code.length > longest || hljs.getLanguage(language) === undefined) return undefined
  if (longRun.test(code) || hasLongLine(code)) return undefined
  const paint = (text: string) => hljs.highlight(text, { language, ignoreIllegals: true }).value
  // Its rules look for the end of a key over all lines that follow.
  if (hljs.getLanguage(language) === hljs.getLanguage('ini')) return code.split('\n').map(paint).join('\n')
  return paint(code)
}

function hasLongLine(code: string): boolean {
  return code.split('\n').some((line) => line.length > longestLine)
}

/** The language of a file by its name, for {@link highlight}. */
export function languageOf(name: string): string {
  const lower = name.toLowerCase()
  if (lower === 'makefile' || lower === 'dockerfile') return lower
  return lower.slice(lower.lastIndexOf('.') + 1)
}
