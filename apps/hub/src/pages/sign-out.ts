import { html } from './html.ts'
import { toPage } from './layout.ts'

/** Asks before it signs out: a link alone, which any site can embed, must not. */
export function toSignOutPage({ xsrf, name }: { xsrf: string; name: string }): string {
  return toPage(
    'Sign out',
    html`<h1 class="title">Sign out</h1>
      <p class="lead">You are signed in as ${name}. Your server and what runs in it go on.</p>
      <form class="row" method="post" action="/hub/logout">
        <input type="hidden" name="_xsrf" value="${xsrf}" />
        <button class="button" type="submit">Sign out</button>
        <a class="button button-quiet" href="/">Stay signed in</a>
      </form>`,
  )
}
