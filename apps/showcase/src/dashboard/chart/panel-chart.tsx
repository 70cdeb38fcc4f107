import { chosenTheme, useStore } from "@magpie/frame"
import { useEffect, useRef, useState } from "react"
import { useMedia } from "../../use-media.ts"
import type { Board } from "../board/open-board.ts"
import { pointsIn } from "../board/points.ts"
import { shownRange } from "../board/view.ts"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import type { Panel } from "../panels.ts"
import type { Drawing, DrawnChart } from "./draw-chart.ts"

interface PanelChartProps {
  readonly board: Board
  readonly panel: Panel
}

/** A panel's figures in the time that is shown. */
export function PanelChart({ board, panel }: PanelChartProps) {
  const { words, said } = useDashboardLanguage()
  const state = useStore(board.state)
  const drawing = useDrawing(board, panel)
  const canvas = useChart(panel, drawing)
  const { points, from, to } = drawing
  const values = points
    .filter(({ at }) => at >= from && at <= to)
    .flatMap(({ figures }) => panel.metrics.map((metric) => figures[metric]).filter((value) => value !== undefined))
  const { name } = words.panels[panel.id]
  const isEmpty = values.length === 0
  const label = isEmpty
    ? words.chart.nothing(name)
    : words.chart.said(name, said(values.at(-1), panel.unit), said(Math.min(...values), panel.unit), said(Math.max(...values), panel.unit))
  return (
    <div className="panel-chart">
      <div ref={canvas} className="panel-canvas" role="img" aria-label={label} />
      {isEmpty && state !== "failed" && <p className="panel-notice">{state === "loading" ? words.chart.loading : words.chart.empty}</p>}
      {state === "failed" && (
        <p className="panel-notice">
          {words.chart.failed}
          <button type="button" className="button small" onClick={() => void board.retry()}>
            {words.chart.retry}
          </button>
        </p>
      )}
    </div>
  )
}

function useDrawing(board: Board, panel: Panel): Drawing {
  const desk = useDesk()
  const points = useStore(board.points)
  const view = useStore(desk.view)
  const newest = useStore(desk.newest)
  const alerts = useStore(desk.alerts)
  useStore(desk.thresholds.chosen)
  const { from, to } = shownRange(view, newest)
  return {
    points: pointsIn(points, from, to),
    from,
    to,
    threshold: desk.thresholds.of(panel),
    alerts: alerts.filter((alert) => alert.panel === panel.id),
  }
}

function useChart(panel: Panel, drawing: Drawing) {
  const { pointed: pointedAt } = useDesk()
  const { formats } = useDashboardLanguage()
  const canvas = useRef<HTMLDivElement>(null)
  const [chart, setChart] = useState<DrawnChart>()
  const pointed = useStore(pointedAt)
  const theme = useStore(chosenTheme)
  const isDark = useMedia("(prefers-color-scheme: dark)")

  useEffect(() => {
    const element = canvas.current
    let drawn: DrawnChart | undefined
    let isOver = false
    // Figures and alerts stand before the charts are there.
    void import("./draw-chart.ts").then(({ drawChart }) => {
      if (isOver || element === null) return
      drawn = drawChart(element, { panel, onPoint: pointedAt.set })
      setChart(drawn)
    })
    return () => {
      isOver = true
      drawn?.close()
      setChart(undefined)
    }
  }, [panel, pointedAt])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read from the page, which these two decide
  useEffect(() => chart?.setColours(), [chart, theme, isDark])
  useEffect(() => chart?.setFormats(formats), [chart, formats])
  useEffect(() => chart?.draw(drawing))
  useEffect(() => chart?.point(pointed), [chart, pointed])
  return canvas
}
