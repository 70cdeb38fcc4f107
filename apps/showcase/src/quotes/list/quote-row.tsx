import { useLayoutEffect, useRef } from "react"
import { addressOfQuotes } from "../../route.ts"
import { useDesk } from "../desk-context.ts"
import { TrendArrow } from "../detail/trend-arrow.tsx"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { originOf } from "../symbols.ts"
import type { RowPainter } from "./row-painter.ts"

interface QuoteRowProps {
  readonly symbol: string
  readonly place: { readonly index: number; readonly count: number; readonly topPx: number }
  readonly isShown: boolean
  /** It is where the Tab key stops. */
  readonly isStop: boolean
  readonly isWatched: boolean
  readonly painter: RowPainter | undefined
  readonly onFocus: () => void
}

/** The row without its numbers: the painter writes them. */
export function QuoteRow({ symbol, place, isShown, isStop, isWatched, painter, onFocus }: QuoteRowProps) {
  const { words, titleOf } = useQuoteLanguage()
  const { watchList } = useDesk()
  const row = useRef<HTMLLIElement>(null)
  const origin = originOf(symbol)
  const tabIndex = isStop ? 0 : -1

  useLayoutEffect(() => (row.current === null ? undefined : painter?.show(symbol, row.current)), [painter, symbol])

  return (
    <li
      ref={row}
      className={isShown ? "quote-row shown" : "quote-row"}
      aria-posinset={place.index + 1}
      aria-setsize={place.count}
      style={{ transform: `translateY(${place.topPx}px)` }}
      onFocus={onFocus}
    >
      <button
        type="button"
        className={isWatched ? "star watched" : "star"}
        tabIndex={tabIndex}
        aria-pressed={isWatched}
        aria-label={isWatched ? words.list.unwatch(symbol) : words.list.watch(symbol)}
        onClick={() => watchList.toggle(symbol)}
      >
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path d="M8 1.8l1.9 3.9 4.3.6-3.1 3 .7 4.3L8 11.6l-3.8 2 .7-4.3-3.1-3 4.3-.6z" />
        </svg>
      </button>
      <a
        className="row-link"
        href={addressOfQuotes(symbol)}
        tabIndex={tabIndex}
        aria-current={isShown ? "true" : undefined}
        data-content={isStop ? "" : undefined}
      >
        <span className="symbol-cell">
          <span className="row-symbol">
            <strong>{symbol}</strong>
            {origin !== "made-up" && (
              <span className="origin" title={words.origins[origin].about}>
                {words.origins[origin].short}
              </span>
            )}
          </span>
          <span className="row-name">{titleOf(symbol)}</span>
        </span>
        <span className="number last">
          <span className="flash" aria-hidden="true" />
          <span data-cell="last" />
        </span>
        <span className="number trend">
          <TrendArrow />
          <span className="visually-hidden" data-cell="trend" />
          <span data-cell="percent" />
        </span>
        <span className="number age" data-cell="age" />
      </a>
    </li>
  )
}
