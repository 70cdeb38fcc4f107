import { useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { age } from "../list/age.ts"
import type { KnownQuote } from "../list/quote-board.ts"
import { originOf } from "../symbols.ts"
import { trendOf } from "../trend.ts"
import { TrendArrow } from "./trend-arrow.tsx"
import { useKnownQuote } from "./use-known-quote.ts"

export function DetailHead({ symbol }: { readonly symbol: string }) {
  const { words, titleOf } = useQuoteLanguage()
  const known = useKnownQuote(symbol)
  const origin = originOf(symbol)
  return (
    <header className="detail-head">
      <div className="detail-title">
        <h2>
          {symbol} <span>{titleOf(symbol)}</span>
        </h2>
        <p className={`origin-note ${origin}`}>{words.origins[origin].about}</p>
      </div>
      {known === undefined ? <p className="detail-price waiting">{words.detail.waiting}</p> : <NewestPrice known={known} />}
      <Facts known={known} />
    </header>
  )
}

function NewestPrice({ known }: { readonly known: KnownQuote }) {
  const { words, formats, quoteFormats } = useQuoteLanguage()
  const { staleMs: staleStore } = useDesk()
  const staleMs = useStore(staleStore)
  const ageMs = useAge(known.heardAt)
  const { last, previous, date } = known.quote
  const difference = last - previous
  const trend = trendOf(difference)
  return (
    <div className="detail-price" data-trend={trend} data-age={age(ageMs, staleMs)}>
      <p className="price">{quoteFormats.price(last)}</p>
      <p className="trend">
        <TrendArrow />
        <span className="visually-hidden">{words.trends[trend]} </span>
        {quoteFormats.difference(difference)} ({quoteFormats.percent(difference / previous)})
      </p>
      <p className="heard">
        {quoteFormats.date(date)} · {ageMs < 1_000 ? words.detail.fresh : words.detail.age(formats.seconds(Math.floor(ageMs / 1_000)))}
      </p>
    </div>
  )
}

function Facts({ known }: { readonly known: KnownQuote | undefined }) {
  const { words, quoteFormats } = useQuoteLanguage()
  return (
    <dl className="facts">
      {(["open", "high", "low", "previous"] as const).map((name) => (
        <div key={name}>
          <dt>{words.detail[name]}</dt>
          <dd>{known === undefined ? "–" : quoteFormats.price(known.quote[name])}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Milliseconds since then, looked at twice a second. */
function useAge(heardAt: number): number {
  const { now } = useDesk()
  const [at, setAt] = useState(now)
  useEffect(() => {
    const timer = setInterval(() => setAt(now()), 500)
    return () => clearInterval(timer)
  }, [now])
  return Math.max(0, at - heardAt)
}
