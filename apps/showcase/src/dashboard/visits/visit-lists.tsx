import { useLanguage } from "../../language/language.ts"
import type { Board } from "../board/open-board.ts"
import { useShown } from "../board/use-shown.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import { NameList } from "./name-list.tsx"

/** Which pages are open, and where their visitors came from. */
export function VisitLists({ board }: { readonly board: Board }) {
  const { words: showcase } = useLanguage()
  const { words, formats } = useDashboardLanguage()
  const figures = useShown(board)
  const { lists } = words
  const apps: Readonly<Record<string, unknown>> = showcase.apps
  const pageName = (page: string) => {
    const app = apps[page]
    return typeof app === "object" && app !== null && "name" in app ? String(app.name) : page
  }
  const hostName = (host: string) => (host === "direct" ? lists.direct : host === "other" ? lists.other : host)
  const shared = { figures, formatted: formats.figure, empty: lists.empty }
  return (
    <div className="visit-lists">
      <NameList {...shared} title={lists.pages} kind="page" nameOf={pageName} />
      <NameList {...shared} title={lists.referrers} about={lists.referrersAbout} kind="referrer" nameOf={hostName} />
    </div>
  )
}
