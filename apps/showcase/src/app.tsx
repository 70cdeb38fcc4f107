import { CodeDrawer, chosenLanguage, Drawer, PageHeader, StatusBar, useStore } from "@magpie/frame"
import { type MouseEvent, useEffect, useMemo, useState } from "react"
import { ChatPane } from "./chat/chat-pane.tsx"
import { sourceFiles } from "./code/source-files.ts"
import { useConnection } from "./connection/connection-context.ts"
import { LanguageContext, languageOf } from "./language/language.ts"
import { HeaderLinks } from "./layout/header-links.tsx"
import { RoomList } from "./rooms/room-list.tsx"
import { useRoute } from "./rooms/use-route.ts"

type OpenDrawer = "none" | "code" | "rooms"

export function App() {
  const tag = useStore(chosenLanguage)
  const language = useMemo(() => languageOf(tag), [tag])
  const [drawer, setDrawer] = useState<OpenDrawer>("none")
  const room = useRoute()
  const { words } = language
  const close = () => setDrawer("none")
  useLeaveWarning()

  useEffect(() => {
    document.documentElement.lang = tag
    document.title = `${words.rooms.given[room] ?? room} · Magpie 鵲橋`
  }, [tag, words, room])

  return (
    <LanguageContext value={language}>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to the messages; the address keeps naming the room */}
      <a className="skip-link" href="#messages" onClick={skipToMessages}>
        {words.skip}
      </a>
      <div className={drawer === "code" ? "shell with-code" : "shell"}>
        <div className="app">
          <PageHeader tagline={words.tagline} codeOpen={drawer === "code"} onCode={() => setDrawer(drawer === "code" ? "none" : "code")}>
            <HeaderLinks />
          </PageHeader>
          <StatusBar />
          <div className="page">
            <aside className="side">
              <RoomList shown={room} />
            </aside>
            <ChatPane key={room} name={room} onRooms={() => setDrawer("rooms")} />
          </div>
        </div>
      </div>
      <CodeDrawer open={drawer === "code"} onClose={close} files={sourceFiles(words)} />
      <Drawer open={drawer === "rooms"} onClose={close} title={words.rooms.label} closeLabel={words.rooms.close} className="rooms-drawer">
        <RoomList shown={room} onChoose={close} />
      </Drawer>
    </LanguageContext>
  )
}

/** The address keeps its room, so the link does what a link to an anchor would do. */
function skipToMessages(event: MouseEvent) {
  event.preventDefault()
  document.getElementById("messages")?.focus()
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
