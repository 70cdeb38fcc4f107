import { chosenTheme, useStore } from "@magpie/frame"
import { useEffect, useId, useRef, useState } from "react"
import { useMedia } from "../../use-media.ts"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { chosenRising } from "../trend.ts"
import { type BarHistory, openBarHistory } from "./bar-history.ts"
import type { ChartKind, DrawnChart } from "./draw-chart.ts"

const KINDS: readonly ChartKind[] = ["candles", "line"]

/** The days that are over, and today as it grows. */
export function PriceChart({ symbol }: { readonly symbol: string }) {
  const { words } = useQuoteLanguage()
  const { client } = useDesk()
  const [kind, setKind] = useState<ChartKind>("candles")
  const [history, setHistory] = useState<BarHistory>()
  const name = useId()

  useEffect(() => {
    const its = openBarHistory(client, symbol)
    setHistory(its)
    return its.close
  }, [client, symbol])

  return (
    <section className="price-chart" aria-label={words.chart.label(symbol)}>
      <fieldset className="segments small">
        <legend className="visually-hidden">{words.chart.kind}</legend>
        {KINDS.map((each) => (
          <label key={each}>
            <input type="radio" name={name} checked={kind === each} onChange={() => setKind(each)} />
            <span>{words.chart[each]}</span>
          </label>
        ))}
      </fieldset>
      {history === undefined ? <div className="chart-canvas" /> : <Drawing symbol={symbol} kind={kind} history={history} />}
    </section>
  )
}

interface DrawingProps {
  readonly symbol: string
  readonly kind: ChartKind
  readonly history: BarHistory
}

function Drawing({ symbol, kind, history }: DrawingProps) {
  const { words, formats, quoteFormats, titleOf } = useQuoteLanguage()
  const bars = useStore(history.bars)
  const state = useStore(history.state)
  const canvas = useChart(symbol, kind, history)
  const [first, last] = [bars[0], bars.at(-1)]
  const said =
    first && last
      ? words.chart.said(titleOf(symbol), formats.number(bars.length), quoteFormats.date(first.date), quoteFormats.date(last.date))
      : words.chart.label(symbol)
  return (
    <div className="chart-frame">
      <div ref={canvas} className="chart-canvas" role="img" aria-label={said} />
      {bars.length === 0 && state !== "failed" && <p className="chart-notice">{words.chart.loading}</p>}
      {state === "failed" && (
        <p className="chart-notice" role="alert">
          {words.chart.failed}
          <button type="button" className="button small" onClick={() => void history.retry()}>
            {words.chart.retry}
          </button>
        </p>
      )}
    </div>
  )
}

function useChart(symbol: string, kind: ChartKind, history: BarHistory) {
  const { board } = useDesk()
  const { quoteFormats } = useQuoteLanguage()
  const canvas = useRef<HTMLDivElement>(null)
  const [chart, setChart] = useState<DrawnChart>()
  const rising = useStore(chosenRising)
  const theme = useStore(chosenTheme)
  const isDark = useMedia("(prefers-color-scheme: dark)")

  useEffect(() => {
    const element = canvas.current
    let drawn: DrawnChart | undefined
    let isOver = false
    // Charts weigh more than the rest of the page: the list stands before they are there.
    void import("./draw-chart.ts").then(({ drawChart }) => {
      if (isOver || element === null) return
      drawn = drawChart(element, { bars: history.bars, today: () => board.rows.get(symbol)?.quote })
      setChart(drawn)
    })
    return () => {
      isOver = true
      drawn?.close()
      setChart(undefined)
    }
  }, [board, history, symbol])

  useEffect(() => chart?.setKind(kind), [chart, kind])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page, which these three decide
  useEffect(() => chart?.setColours(), [chart, rising, theme, isDark])
  useEffect(() => chart?.setFormats(quoteFormats), [chart, quoteFormats])
  useEffect(() => board.onChange((symbols) => symbols.includes(symbol) && chart?.update()), [board, chart, symbol])
  return canvas
}
