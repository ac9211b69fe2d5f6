import type { BasePath } from '../base-path.ts'
import { html, type Html } from './html.ts'
import { toPage } from './layout.ts'
import { toSignInPath } from './sign-in-path.ts'

export interface SignInView {
  xsrf: string
  /** A path of this service to go to afterwards, without the base path. */
  next: string
  /** What was typed before. */
  name?: string
  problem?: { message: string; mend?: string | undefined }
}

/** The sign-in form. It works without JavaScript, with password managers and with screen readers. */
export function toSignInPage(base: BasePath, { xsrf, next, name = '', problem }: SignInView): string {
  const action = base.to(toSignInPath(base, next))
  const wrong = problem === undefined ? undefined : html` aria-invalid="true" aria-describedby="problem"`
  // After a mistake the password is what is typed again.
  const focus = html` autofocus`
  const [nameFocus, passwordFocus] = name === '' ? [focus, undefined] : [undefined, focus]
  return toPage(
    base,
    problem === undefined ? 'Sign in' : 'Sign-in failed',
    html`<h1 class="title">Sign in</h1>
      <p class="lead">Your notebooks, data and software are waiting.</p>
      <form class="stack" method="post" action="${action}">
        <input type="hidden" name="_xsrf" value="${xsrf}" />
        ${problem === undefined ? undefined : toProblem(problem)}
        <div class="field">
          <label for="username">User name</label>
          <input
            id="username"
            name="username"
            value="${name}"
            type="text"
            required
            maxlength="64"
            autocomplete="username"
            autocapitalize="none"
            autocorrect="off"
            spellcheck="false"
            ${wrong}${nameFocus}
          />
        </div>
        <div class="field">
          <label for="password">Password</label>
          <input
            id="password"
            name="password"
            type="password"
            required
            maxlength="1024"
            autocomplete="current-password"
            ${wrong}${passwordFocus}
          />
        </div>
        <button class="button button-wide" type="submit">Sign in</button>
      </form>`,
  )
}

function toProblem({ message, mend }: { message: string; mend?: string | undefined }): Html {
  return html`<p id="problem" class="message message-error" role="alert">
    ${message}${mend === undefined ? undefined : ` ${mend}`}
  </p>`
}
