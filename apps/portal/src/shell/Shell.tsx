import { Link, Outlet } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { Toasts } from '../ui/Toasts.tsx'
import { useUploads } from '../uploads/use-uploads.ts'
import { useFocusAfterNavigation } from './use-focus-after-navigation.ts'
import { UserMenu } from './UserMenu.tsx'

const UploadPanel = lazy(async () => ({ default: (await import('../uploads/UploadPanel.tsx')).UploadPanel }))

/** The frame of every page for whoever is signed in. */
export function Shell() {
  const main = useFocusAfterNavigation()
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="header">
        <div className="header-inside">
          <Link to="/" className="brand" aria-label="Cygnet, home">
            <span className="brand-name">Cygnet</span>
          </Link>
          <nav className="nav" aria-label="Main">
            <Link to="/files/$" params={{ _splat: '' }} activeOptions={{ exact: false }}>
              Files
            </Link>
            <Link to="/shared">Shared</Link>
            <Link to="/gallery">Gallery</Link>
          </nav>
          <UserMenu />
        </div>
      </header>
      <main id="main" className="content" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <Toasts />
      <Suspense>{useUploads().uploads.length > 0 ? <UploadPanel /> : null}</Suspense>
    </>
  )
}
