const formatting = new Set('a b big code em font i nobr s small strike strong tt u'.split(' '))

/** What holds nothing, or ends by itself. */
const loose = new Set(
  (
    'area br col embed hr img input link meta source track wbr p li dt dd tr td th thead tbody tfoot colgroup ' +
    'path g rect circle ellipse line polyline polygon use stop'
  ).split(' '),
)

/** Elements within one another. Beyond a few hundred a browser puts them beside one another, slowly. */
const deepest = 5_000

/** More than any document has; a hostile one has thousands of millions. */
const most = 500_000

/**
 * Whether a browser would choke on this HTML: elements too deep in one another, or far more than are written in it, for
 * marks that are never ended are opened anew in each block that follows.
 * Source: https://html.spec.whatwg.org/#reconstruct-the-active-formatting-elements
 */
export function isEntangled(html: string): boolean {
  const open = new Map<string, number>()
  let marks = 0
  let opened = 0
  let depth = 0
  for (const [, slash, written = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)/gi)) {
    const name = written.toLowerCase()
    const step = slash === '' ? 1 : -1
    const before = open.get(name) ?? 0
    if (step === 1) opened += marks
    // What ends nothing is passed over by browsers as well.
    else if (before === 0) continue
    open.set(name, before + step)
    if (formatting.has(name)) marks += step
    if (!loose.has(name)) depth += step
    if (opened > most || depth > deepest) return true
  }
  return false
}
