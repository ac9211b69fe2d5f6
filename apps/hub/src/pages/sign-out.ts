import type { BasePath } from '../base-path.ts'
import { html } from './html.ts'
import { toPage } from './layout.ts'

/** Asks before it signs out: a link alone, which any site can embed, must not. */
export function toSignOutPage(base: BasePath, { xsrf, name }: { xsrf: string; name: string }): string {
  return toPage(
    base,
    'Sign out',
    html`<h1 class="title">Sign out</h1>
      <p class="lead">You are signed in as ${name}. Your server and what runs in it go on.</p>
      <form class="row" method="post" action="${base.to('/hub/logout')}">
        <input type="hidden" name="_xsrf" value="${xsrf}" />
        <button class="button" type="submit">Sign out</button>
        <a class="button button-quiet" href="${base.path}">Stay signed in</a>
      </form>`,
  )
}
