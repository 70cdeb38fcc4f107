import { Icon } from "@magpie/frame"
import { useLanguage } from "../language/language.ts"
import type { ChatRoom } from "./chat-room.ts"
import { MessageLine } from "./message-line.tsx"
import type { Row } from "./rows.ts"
import type { GapItem, Timeline } from "./timeline.ts"

interface ListRowProps {
  readonly row: Row
  readonly timeline: Timeline
  readonly room: ChatRoom
}

export function ListRow({ row, timeline, room }: ListRowProps) {
  const { formats } = useLanguage()
  switch (row.type) {
    case "top":
      return <Top timeline={timeline} onRetry={room.loadEarlier} />
    case "day":
      return <h3 className="day">{formats.day(row.at, Date.now())}</h3>
    case "gap":
      return <GapLine item={row.item} />
    case "message":
      return <MessageLine row={row} room={room} />
  }
}

function Top({ timeline: { phase, earlier }, onRetry }: { readonly timeline: Timeline; readonly onRetry: () => void }) {
  const { words } = useLanguage()
  if (phase.state !== "ready") return null
  if (earlier === "none") return <p className="top">{words.chat.beginning}</p>
  if (earlier !== "failed") return <p className="top">{words.chat.loadingEarlier}</p>
  return (
    <p className="top">
      {words.chat.failedEarlier}{" "}
      <button type="button" className="button small" onClick={onRetry}>
        {words.chat.retry}
      </button>
    </p>
  )
}

/** Never silence: what is missing is said where it is missing. */
function GapLine({ item }: { readonly item: GapItem }) {
  const { words } = useLanguage()
  return (
    <p className="gap">
      <Icon name="alert" />
      <span>
        <strong>{item.missing === undefined ? words.chat.gapUnknown : words.chat.gap(item.missing)}</strong>
        {" · "}
        {words.chat.gapReasons[item.reason]}
      </span>
    </p>
  )
}
