import { useStore } from "@magpie/frame"
import { useEffect, useMemo, useRef } from "react"
import { useLanguage } from "../language/language.ts"
import { Announcer } from "./announcer.tsx"
import type { ChatRoom } from "./chat-room.ts"
import { ListRow } from "./list-row.tsx"
import { NewMessages } from "./new-messages.tsx"
import { rowsOf } from "./rows.ts"
import { useNewCount } from "./use-new-count.ts"
import { useVirtualRows } from "./use-virtual-rows.ts"

interface MessageListProps {
  readonly room: ChatRoom
  readonly title: string
}

export function MessageList({ room, title }: MessageListProps) {
  const { words } = useLanguage()
  const timeline = useStore(room.timeline)
  const viewport = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const rows = useMemo(() => rowsOf(timeline), [timeline])
  const keys = useMemo(() => rows.map((row) => row.key), [rows])
  const list = useVirtualRows(keys, viewport, content)
  const newCount = useNewCount(timeline, list.atEnd)

  const wantsEarlier = list.nearTop && timeline.earlier === "more"
  useEffect(() => {
    if (wantsEarlier) void room.loadEarlier()
  }, [wantsEarlier, room])

  // Who writes wants to see it.
  const { goToEnd } = list
  const sends = timeline.outgoing.length
  const sendsBefore = useRef(sends)
  useEffect(() => {
    if (sends > sendsBefore.current) goToEnd()
    sendsBefore.current = sends
  }, [sends, goToEnd])

  return (
    <div className="message-list">
      {/* Rows come and go as one scrolls, so the log itself is silent; the announcer says what is new. */}
      <div
        className="viewport"
        ref={viewport}
        onScroll={list.onScroll}
        role="log"
        aria-live="off"
        aria-label={words.chat.messages(title)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolls by keyboard
        tabIndex={0}
        data-content
      >
        <div className="rows" ref={content} style={{ paddingTop: list.spaceBeforePx, paddingBottom: list.spaceAfterPx }}>
          {rows.slice(list.from, list.to).map((row) => (
            <div key={row.key} data-key={row.key} className={`row row-${row.type}`}>
              <ListRow row={row} timeline={timeline} room={room} />
            </div>
          ))}
        </div>
      </div>
      {!list.atEnd && <NewMessages count={newCount} onClick={goToEnd} />}
      <Announcer timeline={timeline} />
    </div>
  )
}
