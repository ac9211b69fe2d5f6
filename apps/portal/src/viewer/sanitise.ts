import createPurify, { type Config } from 'dompurify'
import { inlineStyleSheets, restrictStyle } from './safe-style.ts'
import { toSvgUri } from './data-uri.ts'
import { isEntangled } from './entangled-html.ts'
import { idPrefix } from './id-prefix.ts'

/** What a document's relative references become. Undefined: the link is plain text, the image is left out. */
export interface References {
  link: (reference: string) => string | undefined
  image: (reference: string) => string | undefined
}

export const noReferences: References = { link: () => undefined, image: () => undefined }

const tags =
  'a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn ' +
  'div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp section small span ' +
  'strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr'

const attributes =
  'abbr align alt class color colspan data-language data-math datetime dir height href id ' +
  'lang open reversed rowspan scope span src start style title valign value width'

const config: Config = {
  ALLOWED_TAGS: tags.split(' '),
  ALLOWED_ATTR: attributes.split(' '),
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  // Elements that are refused keep their text; these do not, beside those the library knows.
  ADD_FORBID_CONTENTS: ['object', 'embed', 'select', 'textarea'],
}

/** The only classes that are kept: our own styles must not be put on untrusted elements. */
const classes = new Set(['dataframe'])

const purify = createPurify(window)
let references = noReferences

purify.addHook('uponSanitizeElement', (node) => {
  if (node instanceof Element && node.localName === 'img') node.setAttribute('loading', 'lazy')
})

purify.addHook('uponSanitizeAttribute', (node, data) => {
  if (!(node instanceof HTMLElement)) return
  const { attrName: name, attrValue: value } = data
  if (name === 'style') {
    restrictStyle(node.style)
    data.attrValue = node.getAttribute('style') ?? ''
    data.keepAttr = data.attrValue !== ''
  } else if (name === 'class') {
    data.attrValue = value
      .split(/\s+/)
      .filter((each) => classes.has(each))
      .join(' ')
    data.keepAttr = data.attrValue !== ''
  } else if (name === 'id') data.keepAttr = value.startsWith(idPrefix)
  else if (name === 'href') data.keepAttr = node.localName === 'a' && takeReference(data, toLink(value))
  else if (name === 'src') data.keepAttr = node.localName === 'img' && takeReference(data, toImage(value))
})

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.localName === 'a' && /^https?:/i.test(node.getAttribute('href') ?? '')) {
    node.setAttribute('target', '_blank')
    node.setAttribute('rel', 'noopener noreferrer nofollow')
  }
})

/**
 * Untrusted HTML as nodes that may be put into a page: no scripts, handlers, forms, frames or embedded things, no
 * request to anywhere else, no styles that leave their box. Images are data or what `references` permits.
 * @throws Error where a browser would choke on it
 */
export function sanitise(html: string, permitted: References = noReferences): DocumentFragment {
  if (isEntangled(html)) throw new Error('its HTML has too many elements that are never ended')
  // An inert document: nothing in it is loaded or run.
  const page = new DOMParser().parseFromString(html, 'text/html')
  inlineStyleSheets(page)
  for (const svg of page.querySelectorAll('svg')) {
    if (svg.parentElement?.closest('svg') !== null) continue
    const image = page.createElement('img')
    image.src = toSvgUri(new XMLSerializer().serializeToString(svg))
    image.alt = 'drawing'
    svg.replaceWith(image)
  }
  references = permitted
  try {
    // As text again: what was parsed once more by the library itself cannot have been parsed differently.
    const fragment = purify.sanitize(page.body.innerHTML, { ...config, RETURN_DOM_FRAGMENT: true })
    nameMissingImages(fragment)
    replaceEmptyHeadings(fragment)
    return fragment
  } finally {
    references = noReferences
  }
}

/** An image that may not be loaded is told by its words. */
function nameMissingImages(fragment: DocumentFragment): void {
  for (const image of fragment.querySelectorAll('img:not([src])'))
    image.replaceWith(image.getAttribute('alt') ? `[image: ${image.getAttribute('alt')}]` : '[image]')
}

/** The corner of a table is no heading of anything. */
function replaceEmptyHeadings(fragment: DocumentFragment): void {
  for (const heading of fragment.querySelectorAll('th')) {
    if (heading.textContent.trim() !== '' || heading.querySelector('img') !== null) continue
    const cell = heading.ownerDocument.createElement('td')
    for (const name of ['colspan', 'rowspan', 'style']) {
      const value = heading.getAttribute(name)
      if (value !== null) cell.setAttribute(name, value)
    }
    heading.replaceWith(cell)
  }
}

function takeReference(data: { attrValue: string }, reference: string | undefined): boolean {
  data.attrValue = reference ?? ''
  return reference !== undefined
}

function toLink(value: string): string | undefined {
  const text = value.trim()
  if (text.startsWith('#')) return `#${idPrefix}${text.slice(1)}`
  if (/^(?:https?:\/\/|mailto:)/i.test(text)) return text
  return references.link(text)
}

function toImage(value: string): string | undefined {
  const text = value.trim()
  if (/^data:image\/(?:png|jpe?g|gif|webp|avif|bmp|svg\+xml)[;,]/i.test(text)) return text
  return references.image(text)
}
