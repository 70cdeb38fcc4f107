import { createStore, type Store } from "@magpie/frame/store"
import { REAL_SYMBOLS, SYMBOLS } from "../symbols.ts"

const KEY = "magpie.quotes.watched"

/** The symbols that somebody watches, kept in this browser; at first the real ones. */
export interface WatchList {
  readonly symbols: Store<readonly string[]>
  toggle(symbol: string): void
}

export function createWatchList(kept: Pick<Storage, "getItem" | "setItem">): WatchList {
  const symbols = createStore(readKept(kept))
  return {
    symbols,
    toggle(symbol) {
      symbols.update((now) => (now.includes(symbol) ? now.filter((each) => each !== symbol) : [...now, symbol]))
      kept.setItem(KEY, JSON.stringify(symbols.get()))
    },
  }
}

function readKept(kept: Pick<Storage, "getItem">): readonly string[] {
  try {
    const read: unknown = JSON.parse(kept.getItem(KEY) ?? "null")
    return Array.isArray(read) ? read.filter((each) => SYMBOLS.includes(each)) : REAL_SYMBOLS
  } catch {
    return REAL_SYMBOLS
  }
}

/** Those whose symbol or name has these letters in it. */
export function search(symbols: readonly string[], text: string, nameOf: (symbol: string) => string): readonly string[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === "") return symbols
  return symbols.filter((symbol) => symbol.toLowerCase().includes(wanted) || nameOf(symbol).toLowerCase().includes(wanted))
}
