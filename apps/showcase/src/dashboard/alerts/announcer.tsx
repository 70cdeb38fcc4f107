import { useStore } from "@magpie/frame"
import { useEffect, useMemo, useRef, useState } from "react"
import { isSettled } from "../board/live-channels.ts"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import { PANELS, type PanelId } from "../panels.ts"

/** Tells a screen reader which alerts begin and end while the page is open; what was before stands in the list. */
export function Announcer() {
  const { words, said } = useDashboardLanguage()
  const { alerts: all, boards, thresholds } = useDesk()
  const alerts = useStore(all)
  const settled = useStore(useMemo(() => isSettled(boards), [boards]))
  const known = useRef<ReadonlySet<PanelId> | undefined>(undefined)
  const [text, setText] = useState("")

  useEffect(() => {
    if (!settled) return
    const active = new Set(alerts.filter(({ to }) => to === undefined).map(({ panel }) => panel))
    const before = known.current
    known.current = active
    if (before === undefined) return
    const what = PANELS.flatMap((panel) => {
      const { name } = words.panels[panel.id]
      if (active.has(panel.id) && !before.has(panel.id))
        return [words.alerts.began(name, words.alerts[panel.side](said(thresholds.of(panel), panel.unit)))]
      return before.has(panel.id) && !active.has(panel.id) ? [words.alerts.ended(name)] : []
    })
    if (what.length > 0) setText(what.join(". "))
  }, [alerts, settled, said, thresholds, words])

  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  )
}
