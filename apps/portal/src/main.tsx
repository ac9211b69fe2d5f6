import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { config } from 'zod'
import { queryClient } from './api/queries.ts'
import { router } from './router.tsx'
import { cssVariablesResolver, theme } from './shell/theme.ts'
import './shell/mantine.css.ts'
import './shell/shell.css'

// The content security policy refuses the code zod would make at run time.
config({ jitless: true })

const colorSchemeManager = localStorageColorSchemeManager({ key: 'cygnet-color-scheme' })

const root = document.getElementById('root')
if (root === null) throw new Error('The page has no place for the portal.')
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      colorSchemeManager={colorSchemeManager}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
