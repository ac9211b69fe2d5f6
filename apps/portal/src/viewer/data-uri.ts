/** A drawing as the source of an `<img>`, where its scripts do not run and nothing outside of it is loaded. */
export function toSvgUri(svg: string): string {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(withNamespace(svg))}`
}

const base64 = /^[A-Za-z0-9+/=\s]*$/

/** An image of a notebook's output as the source of an `<img>`, or undefined where it is no base64. */
export function toImageUri(mediaType: string, data: string): string | undefined {
  if (!/^image\/(?:png|jpeg|gif|webp|avif|bmp)$/.test(mediaType) || !base64.test(data)) return undefined
  return `data:${mediaType};base64,${data.replace(/\s+/g, '')}`
}

/** Without its namespace an image is no SVG; pages are more lenient than images. */
function withNamespace(svg: string): string {
  const [open = ''] = /<svg\b[^>]*>/i.exec(svg) ?? []
  if (open === '' || /\sxmlns\s*=/.test(open)) return svg
  return svg.replace(open, open.replace(/^<svg/i, '<svg xmlns="http://www.w3.org/2000/svg"'))
}
