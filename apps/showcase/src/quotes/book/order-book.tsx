import { table } from "@magpie/client/table"
import { createStore, useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { type Ladder, type LadderLevel, ladderOf } from "./ladder.ts"

/** Ten price levels a side, each of them a row of a table. */
export function OrderBook({ symbol }: { readonly symbol: string }) {
  const { words, quoteFormats } = useQuoteLanguage()
  const { client } = useDesk()
  const ladder = useLadder(client, symbol)
  const { book } = words
  return (
    <section className="order-book" aria-label={book.label}>
      <h3>
        {book.label} <span>{book.about}</span>
      </h3>
      <div className="book-head" aria-hidden="true">
        <span>{book.price}</span>
        <span>{book.size}</span>
      </div>
      {ladder.asks.length === 0 ? (
        <p className="book-waiting">{book.waiting}</p>
      ) : (
        <>
          <Side side="asks" label={book.asks} levels={ladder.asks.toReversed()} />
          <p className="spread">
            {book.spread} <span>{quoteFormats.price(ladder.spread)}</span>
          </p>
          <Side side="bids" label={book.bids} levels={ladder.bids} />
        </>
      )}
    </section>
  )
}

interface SideProps {
  readonly side: "asks" | "bids"
  readonly label: string
  readonly levels: readonly LadderLevel[]
}

function Side({ side, label, levels }: SideProps) {
  const { formats, quoteFormats } = useQuoteLanguage()
  return (
    <ol className={`book-side ${side}`} aria-label={label}>
      {levels.map(({ key, price, size, part }) => (
        <li key={key}>
          <span className="depth" style={{ transform: `scaleX(${part})` }} />
          <span className="level-price">{quoteFormats.price(price)}</span>
          <span>{formats.number(size)}</span>
        </li>
      ))}
    </ol>
  )
}

function useLadder(client: ShowcaseClient, symbol: string): Ladder {
  const [store] = useState(() => createStore<Ladder>(ladderOf([])))
  useEffect(() => {
    const levels = table(client.channel(`quotes/book/${symbol}`), { rate: 5 })
    levels.on("change", () => store.set(ladderOf([...levels.rows].map(([key, { value }]) => ({ key, ...value })))))
    return levels.close
  }, [client, symbol, store])
  return useStore(store)
}
