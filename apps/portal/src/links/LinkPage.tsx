import { ServiceError } from '@cygnet/contract/client'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { linkQuery } from '../api/queries.ts'
import { withoutSlash } from '../files/FilesPage.tsx'
import { createLinkTree } from '../files/tree.ts'
import { TreePage } from '../files/TreePage.tsx'
import { useFocusAfterNavigation } from '../shell/use-focus-after-navigation.ts'
import { formatDate } from '../ui/format.ts'
import { Problem } from '../ui/Problem.tsx'
import { Toasts } from '../ui/Toasts.tsx'
import { useTitle } from '../ui/use-title.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { UnlockForm } from './UnlockForm.tsx'
import './links.css'

/** What a link shows, for anyone who has it. Nothing here asks for what needs an account. */
export function LinkPage() {
  const { token, _splat = '' } = useParams({ from: '/s/$token/$' })
  const link = useQuery(linkQuery(token))
  const main = useFocusAfterNavigation()
  const open = link.data?.state === 'open' ? link.data : undefined
  useTitle(open === undefined ? 'Shared' : undefined)
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="header">
        <div className="header-inside link-header">
          <span className="brand">
            <span className="brand-name">Cygnet</span>
          </span>
          {open === undefined ? null : (
            <p className="muted small link-owner">
              Shared by <strong>{open.owner}</strong>
              {open.expires === null ? '' : ` · until ${formatDate(open.expires)}`}
            </p>
          )}
        </div>
      </header>
      <main id="main" className="content" ref={main} tabIndex={-1}>
        {link.isError ? (
          <NoLink error={link.error} retry={() => void link.refetch()} />
        ) : link.data === undefined ? (
          <Waiting />
        ) : link.data.state === 'needs-password' ? (
          <UnlockForm token={token} />
        ) : (
          <TreePage tree={createLinkTree(token, link.data.name ?? 'Shared')} path={withoutSlash(_splat)} />
        )}
      </main>
      <Toasts />
    </>
  )
}

function NoLink({ error, retry }: { error: Error; retry: () => void }) {
  const status = error instanceof ServiceError ? error.status : 0
  // It expired, or what it led to was deleted: the service says which.
  if (status === 410)
    return (
      <Told title={error.message.replace(/\.$/, '')}>
        Ask whoever sent the link for a new one if you still need what it led to.
      </Told>
    )
  if (status === 404)
    return (
      <Told title="There is nothing behind this link">
        It may be mistyped or cut off, or whoever shared it has ended the sharing. Check that you have the whole link,
        or ask for it again.
      </Told>
    )
  return (
    <div className="narrow">
      <Problem title="The link could not be opened." error={error} retry={retry} />
    </div>
  )
}

function Told({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title)
  return (
    <div className="card narrow stack link-told">
      <span className="brand brand-large" aria-hidden="true" />
      <h1 className="title">{title}</h1>
      <p className="muted">{children}</p>
      <p className="small">
        <Link to="/">Go to Cygnet</Link>
      </p>
    </div>
  )
}
