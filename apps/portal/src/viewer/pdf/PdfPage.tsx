import { TextLayer, type PDFDocumentProxy, type PDFPageProxy } from 'pdfjs-dist'
import { useEffect, useRef, useState } from 'react'

interface Props {
  document: PDFDocumentProxy
  number: number
  /** Of the page, in CSS pixels. */
  width: number
}

/** Canvases larger than this fail in some browsers. */
const mostPixels = 16_000_000

/** One page: drawn while it is near the window, with its text above it to be selected and read out. */
export function PdfPage({ document, number, width }: Props) {
  const box = useRef<HTMLDivElement>(null)
  const [near, setNear] = useState(number <= 2)
  const [page, setPage] = useState<PDFPageProxy>()
  const [ratio, setRatio] = useState(Math.SQRT2)

  useEffect(() => {
    if (box.current === null) return undefined
    const observer = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      rootMargin: '800px 0px',
    })
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    if (!near || page !== undefined) return
    document.getPage(number).then(
      (got) => {
        const { width: wide, height } = got.getViewport({ scale: 1 })
        setRatio(height / wide)
        setPage(got)
      },
      () => undefined,
    )
  }, [document, number, near, page])

  useEffect(() => {
    const place = box.current
    if (!near || page === undefined || place === null) return undefined
    return drawPage(page, place, width)
  }, [near, page, width])

  return (
    <div
      ref={box}
      className="pdf-page"
      style={{ width, height: width * ratio }}
      role="group"
      aria-label={`Page ${number}`}
    />
  )
}

/** @returns what ends the drawing and frees its memory */
function drawPage(page: PDFPageProxy, place: HTMLElement, width: number): () => void {
  const viewport = page.getViewport({ scale: width / page.getViewport({ scale: 1 }).width })
  const sharp = Math.min(devicePixelRatio, Math.sqrt(mostPixels / (viewport.width * viewport.height)))
  const canvas = place.ownerDocument.createElement('canvas')
  canvas.width = Math.floor(viewport.width * sharp)
  canvas.height = Math.floor(viewport.height * sharp)
  canvas.setAttribute('aria-hidden', 'true')
  const text = place.ownerDocument.createElement('div')
  text.className = 'pdf-text'
  text.style.setProperty('--total-scale-factor', String(viewport.scale))
  place.replaceChildren(canvas, text)
  const drawing = page.render({ canvas, viewport, transform: [sharp, 0, 0, sharp, 0, 0] })
  const layer = new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport })
  // A drawing that is ended half-way rejects: nobody waits for it any more.
  drawing.promise.catch(() => undefined)
  void layer.render().catch(() => undefined)
  return () => {
    drawing.cancel()
    layer.cancel()
    canvas.width = 0
    place.replaceChildren()
    page.cleanup()
  }
}
