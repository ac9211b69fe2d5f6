import { toAddress } from '../../api/base-path.ts'
import { getDocument, GlobalWorkerOptions, type PDFDocumentLoadingTask } from 'pdfjs-dist'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'

GlobalWorkerOptions.workerSrc = workerUrl

/** Opens a PDF in a worker. What it needs beside its own bytes comes from the service itself. */
export function openPdf(bytes: Uint8Array): PDFDocumentLoadingTask {
  return getDocument({
    // The worker takes the bytes over.
    data: bytes.slice(),
    cMapUrl: toAddress('/pdf/cmaps/'),
    cMapPacked: true,
    standardFontDataUrl: toAddress('/pdf/standard_fonts/'),
    enableXfa: false,
    // Both would need more than the content security policy gives.
    isEvalSupported: false,
    useWasm: false,
    // A hostile image could ask for all memory there is.
    maxImageSize: 50_000_000,
  })
}

export function describePdfError(error: unknown): string {
  if (error instanceof Error && error.name === 'PasswordException')
    return 'It has a password. Download it to open it with a program that asks for it.'
  return 'It may be damaged. Download it to open it with another program.'
}
