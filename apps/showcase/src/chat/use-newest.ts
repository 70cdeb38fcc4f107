import { useRef } from "react"
import type { Timeline, TimelineItem } from "./timeline.ts"

const MAX_ANNOUNCED = 5

/** The last few items of others that came after the room was shown. */
export function useNewest(timeline: Timeline): readonly TimelineItem[] {
  const ready = timeline.phase.state === "ready"
  const start = useRef<string | undefined | null>(null)
  if (start.current === null && ready) start.current = timeline.items.at(-1)?.key
  if (start.current === null) return []
  const from = timeline.items.findLastIndex((item) => item.key === start.current) + 1
  return timeline.items
    .slice(from)
    .filter((item) => item.type === "gap" || !item.own)
    .slice(-MAX_ANNOUNCED)
}
