import type { Store } from "@magpie/frame"
import { CandlestickSeries, ColorType, createChart, LineSeries } from "lightweight-charts"
import type { QuoteFormats } from "../quote-formats.ts"
import type { Bar, Quote } from "../schemas.ts"

export type ChartKind = "candles" | "line"

export interface DrawnChart {
  setKind(kind: ChartKind): void
  /** Takes the colours that the page has now. */
  setColours(): void
  setFormats(formats: QuoteFormats): void
  /** Today's price is another one. */
  update(): void
  close(): void
}

export interface ChartSource {
  readonly bars: Store<readonly Bar[]>
  readonly today: () => Quote | undefined
}

const SHOWN_DAYS = 90

/** Draws the days into an element, once a frame at most, and the day that is going on as the last of them. */
export function drawChart(element: HTMLElement, { bars, today }: ChartSource): DrawnChart {
  const chart = createChart(element, {
    autoSize: true,
    timeScale: { borderVisible: false, rightOffset: 3, fixLeftEdge: true },
    rightPriceScale: { borderVisible: false },
    // The wheel belongs to the page; days are moved by dragging and pinching.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  })
  const candles = chart.addSeries(CandlestickSeries, { borderVisible: false })
  const line = chart.addSeries(LineSeries, { lineWidth: 2, visible: false })
  let drawn: readonly Bar[] = []
  /** The newest date that stands there: nothing older can be added after it. */
  let newest = ""
  let frame: number | undefined

  function drawAll(all: readonly Bar[]): void {
    candles.setData(all.map(({ date, open, high, low, close }) => ({ time: date, open, high, low, close })))
    line.setData(all.map(({ date, close }) => ({ time: date, value: close })))
    newest = all.at(-1)?.date ?? ""
    if (drawn.length < 2 || all.length < 2) chart.timeScale().setVisibleLogicalRange({ from: all.length - SHOWN_DAYS, to: all.length + 2 })
  }

  function draw(): void {
    frame = undefined
    const days = bars.get()
    const last = days.at(-1)
    if (days !== drawn) {
      const isOneMore = drawn.length > 0 && days.length === drawn.length + 1 && days[0] === drawn[0]
      if (isOneMore && last !== undefined && last.date >= newest) drawOne(last)
      else drawAll(days)
      drawn = days
    }
    const quote = today()
    // A new lap begins with the days behind it.
    if (quote !== undefined && quote.date > (last?.date ?? "") && quote.date >= newest) drawOne({ ...quote, close: quote.last })
  }

  function drawOne({ date, open, high, low, close }: Pick<Bar, "date" | "open" | "high" | "low" | "close">): void {
    candles.update({ time: date, open, high, low, close })
    line.update({ time: date, value: close })
    newest = date
  }

  function update(): void {
    frame ??= requestAnimationFrame(draw)
  }

  const stop = bars.subscribe(update)
  update()

  return {
    setKind(kind) {
      candles.applyOptions({ visible: kind === "candles" })
      line.applyOptions({ visible: kind === "line" })
    },
    setColours() {
      const colour = (name: string) => colourOf(element, name)
      const [up, down, grey, faint] = [colour("--up"), colour("--down"), colour("--grey"), colour("--line")]
      chart.applyOptions({
        layout: {
          background: { type: ColorType.Solid, color: "transparent" },
          textColor: grey,
          fontFamily: getComputedStyle(element).fontFamily,
        },
        grid: { vertLines: { visible: false }, horzLines: { color: faint } },
      })
      candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down })
      line.applyOptions({ color: colour("--accent") })
    },
    setFormats({ price, locale }) {
      chart.applyOptions({ localization: { locale, priceFormatter: price } })
    },
    update,
    close() {
      stop()
      if (frame !== undefined) cancelAnimationFrame(frame)
      chart.remove()
    },
  }
}

/** What a custom property comes to on this element: one that depends on light and dark is told as one colour. */
function colourOf(element: HTMLElement, property: string): string {
  const { color } = element.style
  element.style.color = `var(${property})`
  const computed = getComputedStyle(element).color
  element.style.color = color
  return computed
}
