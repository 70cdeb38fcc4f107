import { Icon } from "@magpie/frame"
import { addressOfQuotes } from "../../route.ts"
import { OrderBook } from "../book/order-book.tsx"
import { PriceChart } from "../chart/price-chart.tsx"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { SYMBOLS } from "../symbols.ts"
import { DetailHead } from "./detail-head.tsx"

interface QuoteDetailProps {
  readonly symbol: string
  /** Where nothing stands beside it, it leads back, and to what may be chosen. */
  readonly onPanels?: () => void
}

/** One symbol: its newest price, its days, its orders. */
export function QuoteDetail({ symbol, onPanels }: QuoteDetailProps) {
  const { words } = useQuoteLanguage()
  const isKnown = SYMBOLS.includes(symbol)
  return (
    <main className="quote-detail">
      {onPanels && (
        <nav className="detail-tools">
          <a className="button quiet" href={addressOfQuotes()}>
            <Icon name="back" />
            {words.detail.back}
          </a>
          <button type="button" className="button square" aria-label={words.list.openPanel} title={words.list.openPanel} onClick={onPanels}>
            <Icon name="gauge" />
          </button>
        </nav>
      )}
      {isKnown ? (
        <>
          <DetailHead symbol={symbol} />
          <PriceChart symbol={symbol} />
          <OrderBook symbol={symbol} />
        </>
      ) : (
        <p className="unknown-symbol">{words.detail.unknown(symbol)}</p>
      )}
    </main>
  )
}
