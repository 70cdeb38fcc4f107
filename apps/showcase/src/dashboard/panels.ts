import type { BoardName } from "./schemas.ts"

/** How a figure is written: as a count, with a unit, or as messages per second. */
export type Unit = "count" | "perSecond" | "milliseconds" | "megabytes" | "celsius" | "bar" | "perMinute"

export type PanelId = (typeof PANELS)[number]["id"]

export interface Panel {
  readonly id: PanelId
  readonly board: BoardName
  /** The figures that it draws, at most three. */
  readonly metrics: readonly string[]
  readonly unit: Unit
  /** Which side of its threshold is bad. */
  readonly side: "above" | "below"
  /** The threshold until somebody sets another; undefined for none. */
  readonly threshold: number | undefined
}

/** All charts, in the order of the page. */
export const PANELS = [
  { id: "connections", board: "server", metrics: ["connections"], unit: "count", side: "above", threshold: undefined },
  { id: "messages", board: "server", metrics: ["in", "out"], unit: "perSecond", side: "above", threshold: undefined },
  { id: "delay", board: "server", metrics: ["delay"], unit: "milliseconds", side: "above", threshold: 100 },
  { id: "log", board: "server", metrics: ["log"], unit: "milliseconds", side: "above", threshold: 500 },
  { id: "heap", board: "server", metrics: ["heap"], unit: "megabytes", side: "above", threshold: undefined },
  { id: "visitors", board: "visits", metrics: ["visitors"], unit: "count", side: "above", threshold: undefined },
  {
    id: "devices",
    board: "visits",
    metrics: ["device/desktop", "device/tablet", "device/phone"],
    unit: "count",
    side: "above",
    threshold: undefined,
  },
  { id: "temperature", board: "line", metrics: ["temperature"], unit: "celsius", side: "above", threshold: 85 },
  { id: "pressure", board: "line", metrics: ["pressure"], unit: "bar", side: "above", threshold: 6 },
  { id: "units", board: "line", metrics: ["units"], unit: "perMinute", side: "below", threshold: 45 },
] as const

export const panelsOf = (board: BoardName): readonly Panel[] => PANELS.filter((panel) => panel.board === board)
