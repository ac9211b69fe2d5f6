/** Images of more than a few characters that stand in a text themselves. */
const image = /data:image\/[a-z+.-]{1,20};base64,[A-Za-z0-9+/=]{200,}/g

/** One image may be referred to many times: together they must not fill the memory. */
const most = 40_000_000

/**
 * Takes the images out of a text, which would be its longest words, and leaves short names for them.
 * `putBack` writes them into what was made of the text.
 */
export function takeOutImages(text: string, nonce: string): { text: string; putBack: (html: string) => string } {
  const images: string[] = []
  const name = `data:image/png;base64,${nonce}-`
  const short = text.includes('data:image/')
    ? text.replace(image, (found) => `${name}${images.push(found) - 1}-`)
    : text
  const names = new RegExp(`${name}(\\d+)-`, 'g')
  let length = 0
  const putBack = (html: string) =>
    html.replace(names, (_, index: string) => {
      const found = images[Number(index)] ?? ''
      length += found.length
      return length > most ? '' : found
    })
  return { text: short, putBack: images.length === 0 ? (html) => html : putBack }
}
