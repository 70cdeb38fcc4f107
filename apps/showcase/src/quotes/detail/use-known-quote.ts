import { useCallback, useSyncExternalStore } from "react"
import { useDesk } from "../desk-context.ts"
import type { KnownQuote } from "../list/quote-board.ts"

export function useKnownQuote(symbol: string): KnownQuote | undefined {
  const { board } = useDesk()
  const subscribe = useCallback(
    (listener: () => void) => board.onChange((symbols) => symbols.includes(symbol) && listener()),
    [board, symbol],
  )
  return useSyncExternalStore(subscribe, () => board.rows.get(symbol))
}
