import { useQueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useCallback, useRef, useState } from 'react'
import type { Ask, AskFor } from './actions.ts'
import { DeleteDialog } from './DeleteDialog.tsx'
import { MoveDialog } from './MoveDialog.tsx'
import { NewFolderDialog, RenameDialog } from './NameDialogs.tsx'
import { parentOf } from './path.ts'
import type { Tree } from './tree.ts'
import { useGoTo } from './use-go-to.ts'

const ShareDialog = lazy(async () => ({ default: (await import('../share/ShareDialog.tsx')).ShareDialog }))

interface Options {
  tree: Tree
  /** After something was changed. */
  onDone?: () => void
  /** Takes the focus where what had it is gone; with the new path of what was renamed or moved. */
  fallback?: (path?: string) => HTMLElement | null
  /** The page of this entry is open: its page follows what happens to it. */
  follow?: boolean
}

/** The dialogs of the file pages: `askFor` opens one, `dialog` is where it appears. */
export function useAsk({ tree, onDone, fallback, follow = false }: Options) {
  const [ask, setAsk] = useState<Ask | null>(null)
  const origin = useRef<HTMLElement | null>(null)
  const client = useQueryClient()
  const goTo = useGoTo(tree)

  const askFor: AskFor = useCallback((wanted, from) => {
    origin.current = from ?? (document.activeElement instanceof HTMLElement ? document.activeElement : null)
    setAsk(wanted)
  }, [])

  const close = (path?: string) => {
    setAsk(null)
    // Once the dialog no longer holds the focus.
    setTimeout(() => {
      const target = origin.current?.isConnected === true ? origin.current : (fallback?.(path) ?? null)
      ;(target ?? document.getElementById('main'))?.focus({ preventScroll: true })
    })
  }
  const done = async (newPath?: string) => {
    if (follow && ask !== null && ask.kind !== 'share') {
      const [entry] = 'entries' in ask ? ask.entries : 'entry' in ask ? [ask.entry] : []
      goTo(newPath ?? parentOf(entry?.path ?? ''))
    }
    await client.invalidateQueries({ queryKey: ['entry', tree.id] })
    onDone?.()
    close(newPath)
  }

  const dialog = ask === null ? null : show(ask)
  return { askFor, dialog }

  function show(wanted: Ask) {
    switch (wanted.kind) {
      case 'rename':
        return <RenameDialog tree={tree} entry={wanted.entry} onClose={() => close()} onDone={done} />
      case 'new-folder':
        return <NewFolderDialog tree={tree} folder={wanted.folder} onClose={() => close()} onDone={() => done()} />
      case 'move':
        return <MoveDialog tree={tree} entries={wanted.entries} onClose={() => close()} onDone={done} />
      case 'delete':
        return <DeleteDialog tree={tree} entries={wanted.entries} onClose={() => close()} onDone={() => done()} />
      case 'share':
        return (
          <Suspense>
            <ShareDialog entry={wanted.entry} onClose={() => close()} />
          </Suspense>
        )
    }
  }
}
