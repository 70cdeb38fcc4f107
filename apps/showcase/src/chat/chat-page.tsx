import { Drawer } from "@magpie/frame"
import { useEffect, useState } from "react"
import { useConnection } from "../connection/connection-context.ts"
import { useLanguage } from "../language/language.ts"
import { RoomList } from "../rooms/room-list.tsx"
import { ChatPane } from "./chat-pane.tsx"

/** The chat: the rooms, and the one that is shown. */
export function ChatPage({ room }: { readonly room: string }) {
  const { words } = useLanguage()
  const [roomsOpen, setRoomsOpen] = useState(false)
  const close = () => setRoomsOpen(false)
  useLeaveWarning()
  return (
    <>
      <div className="page">
        <aside className="side">
          <RoomList shown={room} />
        </aside>
        <ChatPane key={room} name={room} onRooms={() => setRoomsOpen(true)} />
      </div>
      <Drawer open={roomsOpen} onClose={close} title={words.rooms.label} closeLabel={words.rooms.close} className="rooms-drawer">
        <RoomList shown={room} onChoose={close} />
      </Drawer>
    </>
  )
}

/** What is not confirmed is held by this page alone; leaving would lose it. */
function useLeaveWarning() {
  const { client } = useConnection()
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (client.statistics.pending > 0) event.preventDefault()
    }
    window.addEventListener("beforeunload", warn)
    return () => window.removeEventListener("beforeunload", warn)
  }, [client])
}
