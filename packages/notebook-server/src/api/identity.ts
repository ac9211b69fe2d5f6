import { CygnetError } from '@cygnet/core/errors'
import { userInfo } from 'node:os'
import type { HubIdentity } from '../app.ts'
import { isObject } from '../notebook-format/notebook.ts'

/** The answer of `/api/me`. Whoever gets here may do everything that is asked about. */
export function toIdentity(hub: HubIdentity | undefined, permissions: string | undefined): Record<string, unknown> {
  const name = hub?.user ?? systemName()
  return {
    identity: {
      username: name,
      name,
      display_name: name,
      initials: name.slice(0, 1).toUpperCase(),
      avatar_url: null,
      color: null,
    },
    permissions: { ...parsePermissions(permissions), updatable_fields: [] },
  }
}

function parsePermissions(text: string | undefined): Record<string, string[]> {
  if (text === undefined || text === '') return {}
  const wrong = new CygnetError('bad-request', 'permissions should be a JSON dict of {"resource": ["action"]}.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrong
  }
  if (!isObject(value)) throw wrong
  for (const actions of Object.values(value)) {
    if (!Array.isArray(actions) || !actions.every((action) => typeof action === 'string')) throw wrong
  }
  return value as Record<string, string[]>
}

/** A uid of a sandbox has no name. */
function systemName(): string {
  try {
    return userInfo().username
  } catch {
    return 'user'
  }
}
