import { createToken } from '@cygnet/contract/hub/routes'
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../api/client.ts'
import { queryClient, tokensQuery } from '../api/queries.ts'
import { copyText } from '../share/copy-text.ts'
import { Icon } from '../ui/Icon.tsx'
import { Problem } from '../ui/Problem.tsx'
import { tell } from '../ui/toasts.ts'
import { tokenPurposes } from './token-scopes.ts'

const day = 86_400

const lifetimes = [
  { value: String(7 * day), label: '7 days' },
  { value: String(30 * day), label: '30 days' },
  { value: String(90 * day), label: '90 days' },
  { value: String(365 * day), label: '1 year' },
  { value: '', label: 'No end' },
]

/** Makes a token and shows it, this once. */
export function NewToken({ name }: { name: string }) {
  const [note, setNote] = useState('')
  const [purpose, setPurpose] = useState<string>(tokenPurposes[0].value)
  const [lifetime, setLifetime] = useState(String(90 * day))
  const create = useMutation({
    mutationFn: () =>
      call(createToken, {
        params: { name },
        body: {
          note: note.trim(),
          expires_in: lifetime === '' ? null : Number(lifetime),
          scopes: purpose === '' ? null : purpose.split(' '),
        },
      }),
    onSuccess: () => {
      setNote('')
      void queryClient.invalidateQueries({ queryKey: tokensQuery(name).queryKey })
    },
  })
  const made = create.data?.token
  return (
    <>
      <form
        className="tokens-form"
        onSubmit={(event) => {
          event.preventDefault()
          create.mutate()
        }}
      >
        <TextInput
          label="What it is for"
          placeholder="for example, VS Code on my laptop"
          maxLength={300}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <NativeSelect
          label="It may"
          value={purpose}
          data={[...tokenPurposes]}
          onChange={(event) => setPurpose(event.currentTarget.value)}
        />
        <NativeSelect
          label="Works for"
          value={lifetime}
          data={lifetimes}
          onChange={(event) => setLifetime(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={create.isPending}>
          Make a token
        </Button>
      </form>
      {create.isError ? <Problem title="The token was not made." error={create.error} /> : null}
      {made === undefined ? null : (
        <div className="message message-good" role="status">
          <strong>Your new token.</strong> Copy it now: it is not shown again.
          <div className="tokens-new">
            <TextInput
              readOnly
              value={made}
              aria-label="New token"
              onFocus={(event) => event.currentTarget.select()}
              className="tokens-secret"
            />
            <Button
              size="md"
              leftSection={<Icon name="copy" />}
              onClick={() => void copyText(made).then((copied) => copied && tell('Token copied.'))}
            >
              Copy
            </Button>
            <Button size="md" variant="default" onClick={() => create.reset()}>
              Done
            </Button>
          </div>
        </div>
      )}
    </>
  )
}
