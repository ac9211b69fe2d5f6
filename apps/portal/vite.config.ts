import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  // Files name one another from where they are; where the page is, the service writes into it.
  base: './',
  plugins: [react()],
  build: {
    target: 'es2023',
    // Data URIs would be refused by the content security policy for scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The worker of the PDF viewer; it is loaded only where a PDF is shown.
    chunkSizeWarningLimit: 2500,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What every page needs comes in three files that change seldom, instead of two dozen.
        codeSplitting: {
          groups: [
            { name: 'framework', test: /node_modules\/(?:react|react-dom|scheduler|@tanstack|zod)\// },
            {
              name: 'interface',
              test: /node_modules\/(?:@mantine|@floating-ui|clsx|tabbable|react-remove-scroll|react-style-singleton|use-)/,
            },
          ],
        },
      },
    },
  },
  worker: { format: 'es' },
})
