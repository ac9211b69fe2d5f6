import { useMemo, useRef } from 'react'
import { useScrollFocus } from '../ui/use-scroll-focus.ts'
import { highlight } from './highlight.ts'
import { useAllowance } from './use-allowance.ts'

interface Props {
  code: string
  language: string
  numbered?: boolean
  label?: string
}

/** Code in colours, with the numbers of its lines where wanted. */
export function Code({ code, language, numbered = false, label }: Props) {
  const allowance = useAllowance(code)
  const html = useMemo(
    () => (allowance.isSpent() ? undefined : allowance.spend(() => highlight(code, language))),
    [allowance, code, language],
  )
  const numbers = useMemo(() => (numbered ? lineNumbers(code) : undefined), [code, numbered])
  const box = useRef<HTMLDivElement>(null)
  useScrollFocus(box)
  return (
    <div ref={box} className="code-box" role="group" aria-label={label ?? 'Code'}>
      {numbers === undefined ? null : (
        <pre className="code-numbers" aria-hidden="true">
          {numbers}
        </pre>
      )}
      <pre className="code-text">
        {html === undefined ? <code>{code}</code> : <code dangerouslySetInnerHTML={{ __html: html }} />}
      </pre>
    </div>
  )
}

function lineNumbers(code: string): string {
  const lines = code.split('\n').length - (code.endsWith('\n') ? 1 : 0)
  return Array.from({ length: Math.max(1, lines) }, (_, index) => index + 1).join('\n')
}
