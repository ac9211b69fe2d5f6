import { useLayoutEffect, useMemo, useRef, useState } from 'react'
import { count } from '../../ui/format.ts'
import { parseTable } from './parse-table.ts'
import './table.css'

const rowHeight = 30
const overscan = 8

/** A table of which only the rows in sight exist; it scrolls in its own box. */
export function TableView({ text, name }: { text: string; name: string }) {
  const table = useMemo(() => parseTable(text, name), [text, name])
  const box = useRef<HTMLDivElement>(null)
  const [range, setRange] = useState({ first: 0, end: 60 })
  const { header, rows, numeric, widths, cut, hiddenColumns } = table

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - overscan)
      const end = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + overscan
      setRange((before) => (before.first === first && before.end === end ? before : { first, end }))
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])

  const columns = `calc(${String(rows.length).length}ch + 22px) ${widths.map((width) => `calc(${width}ch + 24px)`).join(' ')}`
  return (
    <div className="card table-file">
      <p className="table-count muted small">
        {cut ? 'The first ' : ''}
        {count(rows.length, 'row')}, {count(header.length, 'column')}
        {hiddenColumns > 0 ? ` (${count(hiddenColumns, 'more column')} in the file)` : ''}
      </p>
      <div ref={box} className="table-box" tabIndex={0} role="region" aria-label={`Table of ${name}`}>
        <div
          role="table"
          aria-label={name}
          aria-rowcount={rows.length + 1}
          aria-colcount={header.length + 1}
          className="table-grid"
          style={{ '--columns': columns } as React.CSSProperties}
        >
          <div role="row" aria-rowindex={1} className="table-row table-head">
            <div role="columnheader" className="table-number">
              <span className="visually-hidden">Row</span>
            </div>
            {header.map((title, column) => (
              <div
                key={column}
                role="columnheader"
                title={title}
                className={numeric[column] ? 'table-right' : undefined}
              >
                {title === '' ? <span className="visually-hidden">Column {column + 1}</span> : title}
              </div>
            ))}
          </div>
          <div role="rowgroup" className="table-rows" style={{ height: rows.length * rowHeight }}>
            {rows.slice(range.first, range.end).map((row, offset) => {
              const index = range.first + offset
              return (
                <div
                  key={index}
                  role="row"
                  aria-rowindex={index + 2}
                  className="table-row"
                  style={{ top: index * rowHeight }}
                >
                  <div role="rowheader" className="table-number">
                    {index + 1}
                  </div>
                  {header.map((_, column) => (
                    <div
                      key={column}
                      role="cell"
                      title={(row[column]?.length ?? 0) > 42 ? row[column] : undefined}
                      className={numeric[column] ? 'table-right' : undefined}
                    >
                      {row[column]?.slice(0, 500)}
                    </div>
                  ))}
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </div>
  )
}
