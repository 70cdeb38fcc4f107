import type { Figures } from "../schemas.ts"
import type { BoardChannels } from "./ports.ts"

/** Of what was read between two points the worst is kept, where the mean would hide it. */
const WORST: ReadonlySet<string> = new Set(["delay", "log"])

/** Writes the figures of one board. */
export function createBoardWriter({ now, history }: BoardChannels, failed: (failure: unknown) => void) {
  const written = new Map<string, number>()
  let readings: Figures[] = []

  function setRow(metric: string, value: number): void {
    if (written.get(metric) === value) return
    written.set(metric, value)
    now.set(metric, { value }).catch((failure: unknown) => {
      written.delete(metric)
      failed(failure)
    })
  }

  function deleteRow(metric: string): void {
    written.delete(metric)
    now.delete(metric).catch(failed)
  }

  return {
    /** The newest figures: rows that changed are written, and those that are no more leave. */
    write(figures: Figures): void {
      readings.push(figures)
      for (const [metric, value] of Object.entries(figures)) setRow(metric, value)
      for (const metric of [...written.keys()]) if (!(metric in figures)) deleteRow(metric)
    },
    /** A point of what was written since the one before. */
    async store(): Promise<void> {
      const figures = summaryOf(readings)
      readings = []
      await history.publish("point", { figures })
    },
  }
}

/** One figure for several readings of each metric: the mean, or the worst. */
export function summaryOf(readings: readonly Figures[]): Figures {
  const last = readings.at(-1) ?? {}
  return Object.fromEntries(
    Object.keys(last).map((metric) => {
      const values = readings.map((figures) => figures[metric]).filter((value) => value !== undefined)
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return [metric, WORST.has(metric) ? Math.max(...values) : rounded(mean)]
    }),
  )
}

export function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
