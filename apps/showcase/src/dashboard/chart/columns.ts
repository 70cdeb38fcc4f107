import { HOLE_MS, type Point } from "../board/points.ts"

type Column = (number | null)[]

/** Points as a chart wants them: times, then a column for each metric, with a gap where nothing is known for long. */
export function columnsOf(points: readonly Point[], metrics: readonly string[]): [number[], ...Column[]] {
  const times: number[] = []
  const columns = metrics.map((): Column => [])
  let lastAt: number | undefined
  for (const { at, figures } of points) {
    if (lastAt !== undefined && at - lastAt > HOLE_MS) {
      times.push(lastAt + 1)
      for (const column of columns) column.push(null)
    }
    times.push(at)
    for (const [index, metric] of metrics.entries()) columns[index]?.push(figures[metric] ?? null)
    lastAt = at
  }
  return [times, ...columns]
}

const FROM_ZERO: ReadonlySet<string> = new Set(["count", "perSecond", "milliseconds"])
/** Room above and below what is drawn, as a part of it. */
const ROOM = 0.12

/** From where to where an axis goes: what there is, the threshold where it is near, and for amounts zero. */
export function axisRange(least: number, most: number, unit: string, threshold: number | undefined): [number, number] {
  if (FROM_ZERO.has(unit)) {
    const top = threshold !== undefined && threshold <= 2 * most ? Math.max(most, threshold) : most
    return [0, Math.max(1, top * (1 + ROOM))]
  }
  const [low, high] = threshold === undefined ? [least, most] : [Math.min(least, threshold), Math.max(most, threshold)]
  const room = Math.max(1, (high - low) * ROOM)
  return [low - room, high + room]
}
