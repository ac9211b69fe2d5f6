import { useTitle } from '../ui/use-title.ts'
import { HomeFiles } from './HomeFiles.tsx'
import { HomeGallery } from './HomeGallery.tsx'
import { HomeShared } from './HomeShared.tsx'
import { IsolationNotice } from './IsolationNotice.tsx'
import { PasswordNotice } from './PasswordNotice.tsx'
import { ServerCard } from './ServerCard.tsx'
import './home.css'

export function HomePage() {
  useTitle('')
  return (
    <div className="home">
      <h1 className="visually-hidden">Home</h1>
      <PasswordNotice />
      <IsolationNotice />
      <ServerCard />
      <div className="home-columns">
        <HomeFiles />
        <HomeShared />
      </div>
      <HomeGallery />
    </div>
  )
}
