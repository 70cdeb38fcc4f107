import { type Table, type TableRate, table } from "@magpie/client/table"
import { createStore, type Store } from "@magpie/frame/store"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { showcase } from "../../contract.ts"
import type { Quote } from "../schemas.ts"

/** A quote as this page knows it. */
export interface KnownQuote {
  readonly quote: Quote
  /** When this page heard of it, in milliseconds of `performance.now()`. */
  readonly heardAt: number
  /** Where the price went when it last changed. */
  readonly direction: "up" | "down" | "none"
}

/** What has come and what was left out since the page was opened. */
export interface BoardCounts {
  readonly updates: number
  readonly skipped: number
}

export type QuoteBoard = ReturnType<typeof createQuoteBoard>

/** What a page limits itself to. */
export interface BoardLimits {
  /** Updates of each symbol per second; undefined: as often as the contract has it. */
  readonly rate: number | undefined
  /** Bytes of updates per second; undefined: no bound. */
  readonly maxBytesPerSecond: number | undefined
}

const NO_LIMITS: BoardLimits = { rate: undefined, maxBytesPerSecond: undefined }

/** The quotes of chosen symbols, as often as chosen. Rows that were known stay, while the link is cut and while others are chosen. */
export function createQuoteBoard(client: ShowcaseClient, now: () => number) {
  const known = new Map<string, KnownQuote>()
  const pace = createStore<TableRate>({ rate: undefined, slowedBy: undefined })
  const listeners = new Set<(symbols: readonly string[]) => void>()
  let quotes: Table<(typeof showcase)["channels"]["quotes"]> | undefined
  let chosen: string | undefined
  let limits = NO_LIMITS
  let updates = 0
  let skipped = 0

  function hear(symbols: readonly string[], left: number): void {
    updates += symbols.length
    skipped += left
    const heardAt = now()
    for (const symbol of symbols) {
      const quote = quotes?.rows.get(symbol)?.value
      if (quote !== undefined) known.set(symbol, { quote, heardAt, direction: directionOf(known.get(symbol), quote) })
    }
    for (const listener of listeners) listener(symbols)
  }

  return {
    rows: known as ReadonlyMap<string, KnownQuote>,
    get counts(): BoardCounts {
      return { updates, skipped }
    },
    /** Follows these symbols, or all; the server is not asked for others. */
    follow(symbols: readonly string[] | "all"): void {
      const wish = symbols === "all" ? symbols : [...symbols].sort().join(" ")
      if (wish === chosen) return
      chosen = wish
      quotes?.close()
      quotes = undefined
      if (symbols.length === 0) return
      quotes = table(client.channel("quotes"), {
        ...(symbols === "all" ? undefined : { keys: symbols }),
        ...(limits.rate === undefined ? undefined : { rate: limits.rate }),
        ...(limits.maxBytesPerSecond === undefined ? undefined : { maxBytesPerSecond: limits.maxBytesPerSecond }),
      })
      quotes.on("change", (change) => hear(change.keys, change.skipped))
      quotes.on("rate", pace.set)
      pace.set(quotes.rate)
    },
    /** How often the server tells now, and why not as often as was asked. */
    pace: pace as Store<TableRate>,
    setLimits(next: BoardLimits): void {
      if (next.rate !== limits.rate) quotes?.setRate(next.rate)
      if (next.maxBytesPerSecond !== limits.maxBytesPerSecond) quotes?.setMaxBytesPerSecond(next.maxBytesPerSecond)
      limits = next
    },
    onChange(listener: (symbols: readonly string[]) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close(): void {
      quotes?.close()
      quotes = undefined
      chosen = undefined
    },
  }
}

function directionOf(before: KnownQuote | undefined, { last }: Quote): KnownQuote["direction"] {
  if (before === undefined) return "none"
  if (last === before.quote.last) return before.direction
  return last > before.quote.last ? "up" : "down"
}
