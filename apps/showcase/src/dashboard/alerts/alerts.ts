import { HOLE_MS, type Point } from "../board/points.ts"
import type { Panel, PanelId } from "../panels.ts"

/** A time in which a panel's figures were on the bad side of its threshold. */
export interface Alert {
  readonly panel: PanelId
  readonly from: number
  /** Undefined while it lasts. */
  readonly to: number | undefined
  /** The worst figure in it. */
  readonly worst: number
}

/** It begins with so many bad points in a row and ends with so many good ones, so that one alone neither begins nor ends it. */
const IN_A_ROW = 2

/**
 * The alerts of a panel, oldest first, from what the history says: whoever has the same threshold sees the same alerts, also after a
 * reload. Where nothing is known for long, an alert ends with the last that is known.
 */
export function alertsOf(points: readonly Point[], panel: Panel, threshold: number | undefined): readonly Alert[] {
  if (threshold === undefined) return []
  const alerts: Alert[] = []
  let open: Alert | undefined
  let turning: readonly { readonly at: number; readonly worst: number }[] = []
  let lastAt: number | undefined

  const end = (to: number) => {
    if (open !== undefined) alerts.push({ ...open, to })
    open = undefined
    turning = []
  }

  for (const { at, figures } of points) {
    if (lastAt !== undefined && at - lastAt > HOLE_MS) end(lastAt)
    lastAt = at
    const worst = worstOf(figures, panel)
    const isBad = worst !== undefined && (panel.side === "above" ? worst > threshold : worst < threshold)
    if (open !== undefined && isBad) open = { ...open, worst: worseOf(panel, open.worst, worst) }
    turning = isBad === (open === undefined) ? [...turning, { at, worst: worst ?? threshold }] : []
    if (turning.length < IN_A_ROW) continue
    const from = turning[0]?.at ?? at
    if (open !== undefined) end(from)
    else open = { panel: panel.id, from, to: undefined, worst: turning.map((each) => each.worst).reduce((a, b) => worseOf(panel, a, b)) }
    turning = []
  }
  return open === undefined ? alerts : [...alerts, open]
}

function worstOf(figures: Point["figures"], panel: Panel): number | undefined {
  const values = panel.metrics.map((metric) => figures[metric]).filter((value) => value !== undefined)
  return values.length === 0 ? undefined : values.reduce((one, other) => worseOf(panel, one, other))
}

function worseOf({ side }: Panel, one: number, other: number): number {
  return side === "above" ? Math.max(one, other) : Math.min(one, other)
}
