import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: 'es2023',
    // Data URIs would be refused by the content security policy for scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The worker of the PDF viewer; it is loaded only where a PDF is shown.
    chunkSizeWarningLimit: 2500,
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
})
