import { ActionIcon } from '@mantine/core'
import type { PDFDocumentProxy } from 'pdfjs-dist'
import { useEffect, useRef, useState } from 'react'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { count } from '../../ui/format.ts'
import { Icon } from '../../ui/Icon.tsx'
import { Waiting } from '../../ui/Waiting.tsx'
import { describePdfError, openPdf } from './open-pdf.ts'
import { PdfPage } from './PdfPage.tsx'
import './pdf.css'

/** A page is no wider than this at first: lines of a whole window's width are hard to read. */
const widest = 860

const scales = [0.5, 0.75, 1, 1.25, 1.5, 2, 3]

/** A PDF file, each page drawn when it comes into sight. Its scripts, forms and links stay dead. */
export function PdfView({ bytes, name }: { bytes: Uint8Array; name: string }) {
  const [document, setDocument] = useState<PDFDocumentProxy>()
  const [failure, setFailure] = useState<string>()
  const [scale, setScale] = useState(1)
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)

  useEffect(() => {
    const opening = openPdf(bytes)
    let gone = false
    opening.promise.then(
      (opened) => {
        if (!gone) setDocument(opened)
      },
      (error: unknown) => {
        if (!gone) setFailure(describePdfError(error))
      },
    )
    return () => {
      gone = true
      void opening.destroy()
    }
  }, [bytes])

  useEffect(() => {
    if (box.current === null) return undefined
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)))
    observer.observe(box.current)
    return () => observer.disconnect()
  }, [document])

  if (failure !== undefined)
    return (
      <div className="card">
        <EmptyState icon="warning" title="This PDF cannot be shown">
          {failure}
        </EmptyState>
      </div>
    )
  if (document === undefined) return <Waiting what="Opening the PDF" />
  const at = scales.indexOf(scale)
  return (
    <div className="card pdf">
      <div className="pdf-bar">
        <span className="muted small">{count(document.numPages, 'page')}</span>
        <ActionIcon
          variant="subtle"
          size="lg"
          aria-label="Smaller"
          disabled={at === 0}
          onClick={() => setScale(scales[at - 1] ?? 1)}
        >
          −
        </ActionIcon>
        <span className="small pdf-scale" role="status">
          {Math.round(scale * 100)} %
        </span>
        <ActionIcon
          variant="subtle"
          size="lg"
          aria-label="Larger"
          disabled={at === scales.length - 1}
          onClick={() => setScale(scales[at + 1] ?? 1)}
        >
          <Icon name="add" size={16} />
        </ActionIcon>
      </div>
      <div ref={box} className="pdf-pages" tabIndex={0} role="region" aria-label={`Pages of ${name}`}>
        {width === 0
          ? null
          : Array.from({ length: document.numPages }, (_, index) => (
              <PdfPage key={index} document={document} number={index + 1} width={Math.min(width, widest) * scale} />
            ))}
      </div>
    </div>
  )
}
