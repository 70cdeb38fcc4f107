import { useStore } from "@magpie/frame"
import { useEffect, useRef } from "react"
import type { ChatRoom } from "../chat/chat-room.ts"

/** Messages of others that came while the room was not shown. What was there when it was opened counts as read. */
export function useUnread(room: ChatRoom, shown: boolean): number {
  const timeline = useStore(room.timeline)
  const readUpTo = useRef<number | undefined>(undefined)
  const ready = timeline.phase.state === "ready"
  useEffect(() => {
    if (ready && (shown || readUpTo.current === undefined)) readUpTo.current = timeline.newestOffset
  }, [ready, shown, timeline.newestOffset])

  const from = readUpTo.current
  if (!ready || shown || from === undefined) return 0
  return timeline.items.filter((item) => item.type === "stored" && !item.own && item.offset > from).length
}
