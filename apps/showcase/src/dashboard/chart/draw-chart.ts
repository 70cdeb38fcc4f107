import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import type { Alert } from "../alerts/alerts.ts"
import type { Point } from "../board/points.ts"
import type { DashboardFormats } from "../dashboard-formats.ts"
import type { Panel } from "../panels.ts"
import { axisRange, columnsOf } from "./columns.ts"

/** What a chart shows. */
export interface Drawing {
  readonly points: readonly Point[]
  readonly from: number
  readonly to: number
  readonly threshold: number | undefined
  readonly alerts: readonly Alert[]
}

export interface DrawnChart {
  draw(drawing: Drawing): void
  /** Marks the moment that is looked at in another chart. */
  point(at: number | undefined): void
  /** Takes the colours that the page has now. */
  setColours(): void
  setFormats(formats: DashboardFormats): void
  close(): void
}

export interface DrawChartOptions {
  readonly panel: Panel
  /** The pointer is over that moment, or has left. */
  readonly onPoint: (at: number | undefined) => void
}

/** Lines differ by colour and by dashes. */
export const SERIES = [
  { colour: "--series-1", dash: [] },
  { colour: "--series-2", dash: [6, 4] },
  { colour: "--series-3", dash: [2, 3] },
] as const

const HEIGHT = 136
/** Below this span an axis says seconds. */
const SECONDS_BELOW_MS = 300_000

/** Draws some figures over time into an element. */
export function drawChart(element: HTMLElement, { panel, onPoint }: DrawChartOptions): DrawnChart {
  let drawing: Drawing = { points: [], from: 0, to: 1, threshold: undefined, alerts: [] }
  let colours = readColours(element)
  let formats: DashboardFormats | undefined
  let isPointed = false

  const axis = (size: number): uPlot.Axis => ({
    stroke: () => colours.grey,
    grid: { stroke: () => colours.line, width: 1 },
    ticks: { show: false },
    font: colours.font,
    size,
    gap: 4,
  })
  const chart = new uPlot(
    {
      width: Math.max(1, element.clientWidth),
      height: HEIGHT,
      ms: 1,
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: true, range: () => [drawing.from, drawing.to] },
        y: { range: (_, least, most) => axisRange(least ?? 0, most ?? 0, panel.unit, drawing.threshold) },
      },
      axes: [
        {
          ...axis(24),
          grid: { show: false },
          space: () => (drawing.to - drawing.from < SECONDS_BELOW_MS ? 72 : 52),
          values: (_, times) => times.map((at) => formats?.axisTime(at, drawing.to - drawing.from < SECONDS_BELOW_MS) ?? ""),
        },
        { ...axis(44), space: 32, values: (_, values) => values.map((value) => formats?.figure(value) ?? "") },
      ],
      series: [
        {},
        ...panel.metrics.map((_, index): uPlot.Series => {
          const { colour, dash } = SERIES[index] ?? SERIES[0]
          return { stroke: () => colours.of(colour), width: 1.75, dash: [...dash], points: { show: false } }
        }),
      ],
      hooks: {
        drawClear: [(its) => shadeAlerts(its, drawing.alerts, colours.of("--alert-shade"))],
        draw: [(its) => drawThreshold(its, drawing.threshold, colours.of("--alert-ink"))],
        setCursor: [
          (its) => {
            const { left = -1 } = its.cursor
            if (left >= 0) {
              isPointed = true
              onPoint(its.posToVal(left, "x"))
            } else if (isPointed) {
              isPointed = false
              onPoint(undefined)
            }
          },
        ],
      },
    },
    columnsOf([], panel.metrics) as uPlot.AlignedData,
    element,
  )
  const observer = new ResizeObserver(() => chart.setSize({ width: Math.max(1, element.clientWidth), height: HEIGHT }))
  observer.observe(element)

  return {
    draw(next) {
      drawing = next
      chart.setData(columnsOf(next.points, panel.metrics) as uPlot.AlignedData)
    },
    point(at) {
      if (isPointed) return
      chart.setCursor({ left: at === undefined ? -10 : chart.valToPos(at, "x"), top: 0 }, false)
    },
    setColours() {
      colours = readColours(element)
      chart.redraw(false, true)
    },
    setFormats(next) {
      formats = next
      chart.redraw(false, true)
    },
    close() {
      observer.disconnect()
      chart.destroy()
    },
  }
}

function shadeAlerts(chart: uPlot, alerts: readonly Alert[], colour: string): void {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.fillStyle = colour
  for (const { from, to } of alerts) {
    const left = chart.valToPos(from, "x", true)
    const right = to === undefined ? bbox.left + bbox.width : chart.valToPos(to, "x", true)
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height)
  }
  ctx.restore()
}

function drawThreshold(chart: uPlot, threshold: number | undefined, colour: string): void {
  const { ctx, bbox, scales } = chart
  const { min = 0, max = 0 } = scales.y ?? {}
  if (threshold === undefined || threshold < min || threshold > max) return
  const y = Math.round(chart.valToPos(threshold, "y", true))
  ctx.save()
  ctx.strokeStyle = colour
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([devicePixelRatio * 3, devicePixelRatio * 3])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  ctx.restore()
}

/** What custom properties come to on this element, those that depend on light and dark as one colour. */
function readColours(element: HTMLElement) {
  const of = (property: string): string => {
    const { color } = element.style
    element.style.color = `var(${property})`
    const computed = getComputedStyle(element).color
    element.style.color = color
    return computed
  }
  const known = new Map(["--alert-shade", "--alert-ink", ...SERIES.map(({ colour }) => colour)].map((name) => [name, of(name)]))
  return {
    grey: of("--grey"),
    line: of("--line"),
    font: `12px ${getComputedStyle(element).fontFamily}`,
    of: (name: string) => known.get(name) ?? of(name),
  }
}
