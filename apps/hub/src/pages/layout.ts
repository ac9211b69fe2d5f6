import type { BasePath } from '../base-path.ts'
import { html, type Html } from './html.ts'

/** Of the service's own pages. They run no script but the one that sets the colours, and stand in no frame. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // With `no-referrer` browsers would send forms without the origin that the gate asks for.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** A page with one card in the middle. */
export function toPage(base: BasePath, title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} – Cygnet</title>
        <link rel="icon" href="${base.to('/favicon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${base.to('/theme/cygnet.css')}" />
        <script src="${base.to('/theme/scheme.js')}"></script>
      </head>
      <body class="page page-centred">
        <a class="skip" href="#main">Skip to the content</a>
        <header class="header"><a class="brand" href="${base.path}">Cygnet</a></header>
        <main id="main" class="card">${content}</main>
      </body>
    </html> `.text
}
