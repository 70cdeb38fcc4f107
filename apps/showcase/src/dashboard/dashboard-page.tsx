import { useEffect, useState } from "react"
import { useConnection } from "../connection/connection-context.ts"
import { AlertList } from "./alerts/alert-list.tsx"
import { Announcer } from "./alerts/announcer.tsx"
import { BoardView } from "./board/board-view.tsx"
import { type Desk, openDesk } from "./desk.ts"
import { DeskContext } from "./desk-context.ts"
import { useDashboardLanguage } from "./language/dashboard-language.ts"
import { BOARDS, type BoardName } from "./schemas.ts"
import { BoardLinks } from "./tools/board-links.tsx"
import { SharedConnection } from "./tools/shared-connection.tsx"
import { TimeTools } from "./tools/time-tools.tsx"
import "./styles/dashboard.css"
import "./styles/board.css"

/** The live dashboards: all of them, or one, with what time they show and what is bad. */
export function DashboardPage({ board }: { readonly board: BoardName | undefined }) {
  const { client } = useConnection()
  const { words } = useDashboardLanguage()
  const [desk, setDesk] = useState<Desk>()

  useEffect(() => {
    const its = openDesk(client, board === undefined ? BOARDS : [board], localStorage)
    setDesk(its)
    return () => {
      its.close()
      setDesk(undefined)
    }
  }, [client, board])

  return (
    <div className="dashboard">
      {desk !== undefined && (
        <DeskContext value={desk}>
          <div className="dashboard-tools">
            <BoardLinks shown={board} />
            <TimeTools />
            <SharedConnection />
          </div>
          <main className="dashboard-content" data-content tabIndex={-1} aria-label={words.boards.label}>
            <AlertList />
            <div className="boards">
              {desk.boards.map((each) => (
                <BoardView key={each.name} board={each} />
              ))}
            </div>
          </main>
          <Announcer />
        </DeskContext>
      )}
    </div>
  )
}
