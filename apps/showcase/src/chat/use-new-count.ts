import { useRef } from "react"
import type { Timeline } from "./timeline.ts"

/** Messages that came since the reader scrolled away from the newest. */
export function useNewCount(timeline: Timeline, atEnd: boolean): number {
  const seen = useRef(timeline.items.at(-1))
  if (atEnd) seen.current = timeline.items.at(-1)
  const from = timeline.items.findLastIndex((item) => item.key === seen.current?.key) + 1
  return timeline.items.slice(from).filter((item) => item.type === "stored" && !item.own).length
}
