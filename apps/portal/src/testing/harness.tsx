import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import type { Entry } from '@cygnet/contract/v1/files'
import { queryClient } from '../api/queries.ts'
import { Breadcrumbs } from '../files/Breadcrumbs.tsx'
import { FileList } from '../files/FileList.tsx'
import { kindOf } from '../files/kind.ts'
import { homeTree } from '../files/tree.ts'
import { useSelection } from '../files/use-selection.ts'
import { cssVariablesResolver, theme } from '../shell/theme.ts'
import '../shell/mantine.css.ts'
import '../shell/shell.css'
import { TextContent } from '../viewer/TextContent.tsx'
import '../files/files.css'
import '../viewer/viewer.css'

/* What the tests call in a browser's page: the components as they are, without a service behind them. */

let mounted: Root | undefined

/** Shows a file's text as its page does. */
export function showFile(name: string, text: string): void {
  const entry = createEntry(name)
  mount(() => <TextContent tree={homeTree} entry={entry} kind={kindOf(entry)} text={text} />)
}

/** Shows a folder with these names in it. */
export function showFolder(names: string[]): void {
  const entries = names.map((name) => createEntry(name))
  mount(() => <Folder entries={entries} />)
}

function Folder({ entries }: { entries: Entry[] }) {
  const selection = useSelection(entries)
  return (
    <main id="main">
      <Breadcrumbs tree={homeTree} path={entries[0]?.path ?? ''} />
      <FileList
        tree={homeTree}
        label={entries[0]?.name ?? ''}
        entries={entries}
        order={{ by: 'name', descending: false }}
        onOrder={() => undefined}
        selection={selection}
        selectable
        sharedPaths={new Set()}
        askFor={() => undefined}
      />
    </main>
  )
}

function mount(Component: () => ReactNode): void {
  mounted?.unmount()
  document.body.className = 'page'
  document.body.innerHTML = '<div id="root"></div>'
  const router = createRouter({
    routeTree: createRootRoute({ component: Component }),
    history: createMemoryHistory(),
  })
  mounted = createRoot(document.getElementById('root') ?? document.body)
  mounted.render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariablesResolver}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

function createEntry(name: string): Entry {
  return {
    name,
    path: name,
    kind: 'file',
    size: 1,
    modified: new Date(0).toISOString(),
    mediaType: 'application/octet-stream',
    etag: '1',
    writable: true,
  }
}
