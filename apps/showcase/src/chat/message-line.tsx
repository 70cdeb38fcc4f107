import { useLanguage } from "../language/language.ts"
import type { ChatRoom } from "./chat-room.ts"
import { DeliveryMark } from "./delivery-mark.tsx"
import { FailedNotice } from "./failed-notice.tsx"
import { isOwn, type MessageRow } from "./rows.ts"

export function MessageLine({ row, room }: { readonly row: MessageRow; readonly room: ChatRoom }) {
  const { words, formats } = useLanguage()
  const { item, first } = row
  const own = isOwn(item)
  const failed = item.type === "outgoing" && item.delivery.state === "failed" ? item.delivery.error : undefined
  const state = item.type === "stored" ? "stored" : item.delivery.state
  return (
    <article className={`message ${own ? "own" : "others"} ${state}${first ? " first" : ""}`}>
      {first && !own && <p className="author">{item.author}</p>}
      {own && <p className="visually-hidden">{words.chat.you}</p>}
      <div className="bubble">
        <p className="text">{item.text}</p>
        <p className="meta">
          <time dateTime={new Date(item.at).toISOString()} title={formats.dateTime(item.at)}>
            {formats.time(item.at)}
          </time>
          {own && <DeliveryMark item={item} />}
        </p>
      </div>
      {failed && item.type === "outgoing" && <FailedNotice error={failed} onRetry={room.retry} onDiscard={() => room.discard(item.ref)} />}
    </article>
  )
}
