import { addressOfDashboard } from "../../route.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import { BOARDS, type BoardName } from "../schemas.ts"

/** All dashboards on one page, or one of them. */
export function BoardLinks({ shown }: { readonly shown: BoardName | undefined }) {
  const { words } = useDashboardLanguage()
  return (
    <nav className="board-links" aria-label={words.boards.label}>
      {[undefined, ...BOARDS].map((board) => (
        <a key={board ?? "all"} href={addressOfDashboard(board)} aria-current={board === shown ? "page" : undefined}>
          {board === undefined ? words.boards.all : words.boards[board].name}
        </a>
      ))}
    </nav>
  )
}
