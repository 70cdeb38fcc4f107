import { useDashboardLanguage } from "../language/dashboard-language.ts"
import { panelsOf } from "../panels.ts"
import { VisitLists } from "../visits/visit-lists.tsx"
import type { Board } from "./open-board.ts"
import { PanelView } from "./panel-view.tsx"

/** One dashboard. */
export function BoardView({ board }: { readonly board: Board }) {
  const { words } = useDashboardLanguage()
  const { name, about } = words.boards[board.name]
  return (
    <section className="board" data-board={board.name} aria-label={name}>
      <header className="board-head">
        <h2>{name}</h2>
        {board.name === "line" && <strong className="simulated">{words.simulated}</strong>}
        <p>{about}</p>
      </header>
      <div className="panels-grid">
        {panelsOf(board.name).map((panel) => (
          <PanelView key={panel.id} board={board} panel={panel} />
        ))}
        {board.name === "visits" && <VisitLists board={board} />}
      </div>
    </section>
  )
}
