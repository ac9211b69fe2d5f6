/** What may run or style something when a browser opens it by itself: shown as its source instead. */
const active =
  /^(?:text\/(?:html|css|xml|javascript|ecmascript)|application\/(?:xhtml\+xml|xml|javascript|ecmascript|x-javascript|x-shockwave-flash)|(?:application|text|model)\/.+\+xml|multipart\/.*|message\/.*)$/

/** How a file is sent to be shown in place. Text is taken as UTF-8. */
export function toInlineType(mediaType: string): string {
  if (active.test(mediaType)) return 'text/plain; charset=utf-8'
  return mediaType.startsWith('text/') ? `${mediaType}; charset=utf-8` : mediaType
}

/**
 * What a file's own page may do: nothing. Chrome shows no PDF in a sandbox, and a PDF can do no more in its viewer than
 * without one.
 */
export function toContentPolicy(contentType: string): string {
  const rest =
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; frame-ancestors 'self'"
  return contentType === 'application/pdf' ? `${rest}; object-src 'self'` : `sandbox; ${rest}`
}
