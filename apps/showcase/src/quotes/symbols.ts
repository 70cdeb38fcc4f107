/** Where a symbol's prices come from. */
export type Origin = "index" | "share" | "made-up"

export const INDEX = "SPX"

/** Those of the data set, with the names that companies and index go by. */
const REAL: Readonly<Record<string, string>> = {
  [INDEX]: "S&P 500",
  MSFT: "Microsoft",
  AAPL: "Apple",
  IBM: "IBM",
  AMZN: "Amazon",
  GOOG: "Google",
}

const SYMBOL_COUNT = 1_000
const MADE_UP = "MU-"

export const REAL_SYMBOLS: readonly string[] = Object.keys(REAL)

/** The real ones first, then so many made-up ones that there are 1,000: enough to be a load. */
export const SYMBOLS: readonly string[] = [
  ...REAL_SYMBOLS,
  ...Array.from({ length: SYMBOL_COUNT - REAL_SYMBOLS.length }, (_, index) => MADE_UP + String(index + 1).padStart(3, "0")),
]

export function originOf(symbol: string): Origin {
  if (symbol === INDEX) return "index"
  return symbol in REAL ? "share" : "made-up"
}

/** The name of a real one, the number of a made-up one. */
export function nameOf(symbol: string): string {
  return REAL[symbol] ?? symbol.slice(MADE_UP.length)
}
