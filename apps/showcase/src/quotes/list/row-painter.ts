import type { QuoteFormats } from "../quote-formats.ts"
import { type Trend, trendOf } from "../trend.ts"
import { age } from "./age.ts"
import type { KnownQuote, QuoteBoard } from "./quote-board.ts"

/** The words that a row says by itself. */
export interface RowWords {
  readonly formats: QuoteFormats
  readonly trends: Readonly<Record<Trend, string>>
  readonly age: (ms: number) => string
}

/** Writes prices into the rows in view, once a frame and past React, which draws the rows themselves. */
export interface RowPainter {
  /** A row has come into view. Returns the disposer. */
  show(symbol: string, row: HTMLElement): () => void
  setWords(words: RowWords): void
  /** Milliseconds after which a quote counts as old. */
  setStaleAfter(ms: number): void
  close(): void
}

const AGES_EVERY_MS = 500
const FLASH: readonly Keyframe[] = [{ opacity: 0.3 }, { opacity: 0 }]
const FLASH_MS = 450

type Cells = Readonly<Record<"last" | "percent" | "trend" | "age", Text>>

interface Shown {
  readonly row: HTMLElement
  readonly cells: Cells
  readonly flash: HTMLElement | null
  painted: KnownQuote | undefined
}

export interface RowPainterOptions {
  readonly board: Pick<QuoteBoard, "rows" | "onChange">
  readonly words: RowWords
  readonly now: () => number
  readonly prefersStillness: () => boolean
}

export function createRowPainter({ board, words: firstWords, now, prefersStillness }: RowPainterOptions): RowPainter {
  const shown = new Map<string, Set<Shown>>()
  let words = firstWords
  let staleAfterMs = 5_000
  let frame: number | undefined
  const dirty = new Set<string>()

  function paint(symbol: string, one: Shown): void {
    const known = board.rows.get(symbol)
    if (known === undefined) return
    const { row, cells, flash, painted } = one
    one.painted = known
    const { quote, direction } = known
    const { formats } = words
    write(cells.last, formats.price(quote.last))
    const difference = quote.last - quote.previous
    write(cells.percent, formats.percent(difference / quote.previous))
    const trend = trendOf(difference)
    write(cells.trend, words.trends[trend])
    set(row, "trend", trend)
    if (painted !== undefined && painted.quote.last !== quote.last && !prefersStillness()) {
      set(row, "flash", direction)
      // Only its opacity moves: nothing is laid out or painted anew.
      flash?.animate(FLASH as Keyframe[], { duration: FLASH_MS, easing: "ease-out" })
    }
  }

  function paintAges(): void {
    const at = now()
    for (const [symbol, ones] of shown) for (const one of ones) paintAge(symbol, one, at)
  }

  function paintAge(symbol: string, { row, cells }: Shown, at: number): void {
    const known = board.rows.get(symbol)
    if (known === undefined) return
    write(cells.age, words.age(at - known.heardAt))
    set(row, "age", age(at - known.heardAt, staleAfterMs))
  }

  function onFrame(): void {
    frame = undefined
    for (const symbol of dirty) for (const one of shown.get(symbol) ?? []) paint(symbol, one)
    dirty.clear()
  }

  const stopListening = board.onChange((symbols) => {
    for (const symbol of symbols) if (shown.has(symbol)) dirty.add(symbol)
    if (dirty.size > 0) frame ??= requestAnimationFrame(onFrame)
  })
  const ages = setInterval(paintAges, AGES_EVERY_MS)

  return {
    show(symbol, row) {
      const one: Shown = { row, cells: cellsOf(row), flash: row.querySelector(".flash"), painted: undefined }
      const ones = shown.get(symbol) ?? new Set()
      shown.set(symbol, ones.add(one))
      paint(symbol, one)
      paintAge(symbol, one, now())
      return () => {
        ones.delete(one)
        if (ones.size === 0) shown.delete(symbol)
      }
    },
    setWords(next) {
      words = next
      for (const [symbol, ones] of shown) for (const one of ones) paint(symbol, one)
      paintAges()
    },
    setStaleAfter(ms) {
      staleAfterMs = ms
    },
    close() {
      stopListening()
      clearInterval(ages)
      if (frame !== undefined) cancelAnimationFrame(frame)
    },
  }
}

/** The texts that the row's cells consist of; a row that has no such cell writes into nothing. */
function cellsOf(row: HTMLElement): Cells {
  const textOf = (name: keyof Cells): Text => {
    const cell = row.querySelector(`[data-cell="${name}"]`)
    const text = document.createTextNode("")
    cell?.replaceChildren(text)
    return text
  }
  return { last: textOf("last"), percent: textOf("percent"), trend: textOf("trend"), age: textOf("age") }
}

function write(text: Text, value: string): void {
  if (text.nodeValue !== value) text.nodeValue = value
}

function set(row: HTMLElement, name: string, value: string): void {
  if (row.dataset[name] !== value) row.dataset[name] = value
}
