import { type Figures, KEPT_MS } from "../schemas.ts"

/** What the figures of a board were at one time. */
export interface Point {
  /** Server time, milliseconds since 1970. */
  readonly at: number
  readonly figures: Figures
}

/** Where two points are further apart than this, nothing is known of what was between them. */
export const HOLE_MS = 30_000
/** A page keeps no more of one board than this. */
const MOST_POINTS = 4_000

/** One point more, where it is newer than the others; what is older than the server keeps leaves. */
export function withPoint(points: readonly Point[], point: Point): readonly Point[] {
  const last = points.at(-1)
  if (last !== undefined && point.at <= last.at) return points
  const kept = points.findIndex(({ at }) => at > point.at - KEPT_MS)
  const left = kept === -1 ? [] : points.slice(Math.max(kept, points.length - MOST_POINTS + 1))
  return [...left, point]
}

/** Older points before those that are known. */
export function withOlder(points: readonly Point[], older: readonly Point[]): readonly Point[] {
  const first = points[0]?.at ?? Number.POSITIVE_INFINITY
  return [...older.filter(({ at }) => at < first), ...points]
}

/** Those of a span of time, and one on either side of it, so that lines reach its edges. */
export function pointsIn(points: readonly Point[], from: number, to: number): readonly Point[] {
  return points.slice(Math.max(0, firstAfter(points, from - 1) - 1), firstAfter(points, to) + 1)
}

/** What was known at a time: the newest point until then, where that is not too old to say anything. */
export function pointAt(points: readonly Point[], at: number): Point | undefined {
  const point = points[firstAfter(points, at) - 1]
  return point !== undefined && at - point.at <= HOLE_MS ? point : undefined
}

/** The index of the first one after that time. */
function firstAfter(points: readonly Point[], at: number): number {
  let [low, high] = [0, points.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((points[middle]?.at ?? 0) > at) high = middle
    else low = middle + 1
  }
  return low
}
