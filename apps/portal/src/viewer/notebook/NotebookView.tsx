import { useEffect, useMemo, useState } from 'react'
import { createAllowance } from '../allowance.ts'
import type { References } from '../sanitise.ts'
import { SharedAllowance } from '../use-allowance.ts'
import { CellView } from './CellView.tsx'
import type { Notebook } from './notebook.ts'
import './notebook.css'

/** Cells that are rendered in one go: a long notebook appears at once and grows while one reads. */
const step = 25

/** A notebook with its outputs as they were saved. Nothing in it is trusted and nothing in it runs. */
export function NotebookView({ notebook, references }: { notebook: Notebook; references: References }) {
  const [shown, setShown] = useState(step)
  const total = notebook.cells.length
  useEffect(() => {
    if (shown >= total) return undefined
    const timer = setTimeout(() => setShown(shown + step), 30)
    return () => clearTimeout(timer)
  }, [shown, total])
  const cells = useMemo(() => notebook.cells.slice(0, shown), [notebook, shown])
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- another notebook, another allowance
  const allowance = useMemo(() => createAllowance({ limit: 3_000, free: 50 }), [notebook])
  if (total === 0) return <p className="muted">This notebook is empty.</p>
  return (
    <SharedAllowance value={allowance}>
      <div className="notebook">
        {cells.map((cell, index) => (
          <CellView key={index} cell={cell} language={notebook.language} references={references} />
        ))}
      </div>
    </SharedAllowance>
  )
}
