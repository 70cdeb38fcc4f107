import { Icon, useStore } from "@magpie/frame"
import { useEffect } from "react"
import { useConnection } from "../connection/connection-context.ts"
import { useLanguage } from "../language/language.ts"
import { Composer } from "./composer.tsx"
import { MessageList } from "./message-list.tsx"
import { RoomBanner } from "./room-banner.tsx"
import { RoomNotice } from "./room-notice.tsx"
import { TypingLine } from "./typing-line.tsx"
import { useTyping } from "./use-typing.ts"

interface ChatPaneProps {
  readonly name: string
  readonly onRooms: () => void
}

export function ChatPane({ name, onRooms }: ChatPaneProps) {
  const { words } = useLanguage()
  const { rooms } = useConnection()
  const room = rooms.room(name)
  const timeline = useStore(room.timeline)
  const typing = useTyping(name)
  const title = words.rooms.given[name] ?? name
  const empty = timeline.items.length + timeline.outgoing.length === 0

  useEffect(() => rooms.add(name), [rooms, name])

  return (
    <main className="chat-pane">
      <header className="room-head">
        <button type="button" className="button quiet square rooms-toggle" aria-label={words.rooms.open} onClick={onRooms}>
          <Icon name="rooms" />
        </button>
        <h2>{title}</h2>
        <code className="channel-name">chat/{name}</code>
      </header>
      {empty ? <RoomNotice phase={timeline.phase} onRetry={room.open} /> : <MessageList room={room} title={title} />}
      {!empty && <RoomBanner phase={timeline.phase} onRetry={room.open} />}
      <TypingLine names={typing.names} />
      <Composer title={title} onSend={room.send} onTyping={typing.tell} />
    </main>
  )
}
