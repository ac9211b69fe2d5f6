import { revokeToken } from '@cygnet/contract/hub/routes'
import type { TokenModel } from '@cygnet/contract/hub/models'
import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { queryClient, tokensQuery } from '../api/queries.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { formatDate } from '../ui/format.ts'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import { Waiting } from '../ui/Waiting.tsx'
import { When } from '../ui/When.tsx'
import { NewToken } from './NewToken.tsx'
import { describeScopes } from './token-scopes.ts'

/** The tokens of the user: what programs sign in with. */
export function Tokens({ name }: { name: string }) {
  const tokens = useQuery(tokensQuery(name))
  const [revoking, setRevoking] = useState<TokenModel>()
  return (
    <div className="stack">
      <p className="muted account-hint">
        A token lets a program act as you: an editor, a script, a scheduled job. Whoever has it can do what it is made
        for.
      </p>
      <NewToken name={name} />
      {tokens.isError ? (
        <Problem error={tokens.error} retry={() => void tokens.refetch()} />
      ) : tokens.data === undefined ? (
        <Waiting />
      ) : tokens.data.api_tokens.length === 0 ? (
        <p className="muted">You have no tokens.</p>
      ) : (
        <ul className="tokens">
          {tokens.data.api_tokens.map((token) => (
            <li key={token.id}>
              <div className="tokens-what">
                <strong>{token.note === '' ? 'Without a note' : token.note}</strong>
                <p className="muted small">
                  made <When iso={token.created} /> ·{' '}
                  {token.last_activity === null ? (
                    'never used'
                  ) : (
                    <>
                      used <When iso={token.last_activity} />
                    </>
                  )}{' '}
                  · {describeEnd(token.expires_at)}
                </p>
                <p className="muted small">may: {describeScopes(token.scopes, name)}</p>
              </div>
              <Button
                size="compact-sm"
                variant="subtle"
                color="danger"
                aria-label={`Revoke the token ${token.note === '' ? token.id : token.note}`}
                onClick={() => setRevoking(token)}
              >
                Revoke
              </Button>
            </li>
          ))}
        </ul>
      )}
      {revoking === undefined ? null : (
        <RevokeDialog name={name} token={revoking} onClose={() => setRevoking(undefined)} />
      )}
    </div>
  )
}

function RevokeDialog({ name, token, onClose }: { name: string; token: TokenModel; onClose: () => void }) {
  const revoke = useMutation({
    mutationFn: () => call(revokeToken, { params: { name, id: token.id } }),
    onSuccess: () => {
      onClose()
      tell('The token no longer works.')
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: tokensQuery(name).queryKey }),
  })
  return (
    <Dialog title="Revoke this token?" onClose={onClose}>
      <div className="stack">
        <p className="breakable">
          Programs that use <strong>{token.note === '' ? 'it' : token.note}</strong> are refused from now on. This
          cannot be undone.
        </p>
        {revoke.isError ? <Problem title="The token was not revoked." error={revoke.error} /> : null}
        <div className="row row-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="danger" loading={revoke.isPending} onClick={() => revoke.mutate()}>
            Revoke
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

function describeEnd(expires: string | null): string {
  if (expires === null) return 'no end'
  return Date.parse(expires) < Date.now() ? `expired ${formatDate(expires)}` : `until ${formatDate(expires)}`
}
