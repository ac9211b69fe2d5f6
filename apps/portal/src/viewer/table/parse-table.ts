import Papa from 'papaparse'

/** The beginning of a table in a text file. */
export interface TableData {
  /** Names of the columns; letters where the first row has numbers in it. */
  header: string[]
  rows: string[][]
  /** Which columns hold numbers. */
  numeric: boolean[]
  /** The width of each column in characters. */
  widths: number[]
  /** There are more rows than were read. */
  cut: boolean
  /** Columns that were left out. */
  hiddenColumns: number
}

const mostRows = 10_000
const mostColumns = 200
/** Characters that are looked at: a table of quotes only is read for seconds. */
const mostText = 4_000_000
const sample = 300
const number =
  /^[-+]?(?:\d{1,3}(?:[ ,'’_]\d{3})+|\d+)?(?:[.,]\d+)?(?:e[-+]?\d+)?\s*%?$|^(?:nan|[-+]?inf(?:inity)?|na|null)$/i

/** Reads comma-, semicolon- or tab-separated values; quotes, line ends and the separator are found out. */
export function parseTable(text: string, name: string): TableData {
  const separated = /\.(?:tsv|tab)$/i.test(name)
  const { data, meta } = Papa.parse<string[]>(text.length > mostText ? firstLines(text) : text, {
    preview: mostRows + 2,
    skipEmptyLines: true,
    ...(separated ? { delimiter: '\t' } : { delimitersToGuess: [',', ';', '\t', '|', ' '] }),
  })
  const columns = data.reduce((most, row) => Math.max(most, row.length), 0)
  const shown = Math.min(columns, mostColumns)
  const first = data[0] ?? []
  // Names are words; a first row with a number in it is data already.
  const named = data.length > 1 && first.some((cell) => cell.trim() !== '') && !first.some((cell) => isNumber(cell))
  const body = (named ? data.slice(1) : data).slice(0, mostRows)
  const header = Array.from({ length: shown }, (_, index) => (named ? (first[index] ?? '') : letters(index)))
  const looked = body.slice(0, sample)
  return {
    header,
    rows: body,
    numeric: header.map((_, column) => isNumericColumn(looked, column)),
    widths: header.map((title, column) => widthOf(title, looked, column)),
    cut: text.length > mostText || meta.truncated || data.length > body.length + (named ? 1 : 0),
    hiddenColumns: columns - shown,
  }
}

/** Not in the middle of a line, unless there is one line only. */
function firstLines(text: string): string {
  const end = text.lastIndexOf('\n', mostText)
  return text.slice(0, end > 0 ? end : mostText)
}

function isNumber(cell: string): boolean {
  const text = cell.trim()
  return /\d/.test(text) && number.test(text)
}

function isNumericColumn(rows: string[][], column: number): boolean {
  let filled = 0
  let numbers = 0
  for (const row of rows) {
    const cell = row[column]?.trim() ?? ''
    if (cell === '') continue
    filled++
    if (number.test(cell)) numbers++
  }
  return filled > 0 && numbers >= filled * 0.9
}

function widthOf(title: string, rows: string[][], column: number): number {
  const longest = rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), title.length)
  return Math.max(5, Math.min(42, longest))
}

/** A, B … Z, AA, AB …, as spreadsheets call their columns. */
function letters(index: number): string {
  const last = String.fromCodePoint(65 + (index % 26))
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last
}
