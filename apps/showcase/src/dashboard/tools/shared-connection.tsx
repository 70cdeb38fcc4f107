import { useStore } from "@magpie/frame"
import { useMemo } from "react"
import { liveChannels } from "../board/live-channels.ts"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"

/** How many channels are followed over the page's one connection. */
export function SharedConnection() {
  const { words } = useDashboardLanguage()
  const { boards } = useDesk()
  const count = useStore(useMemo(() => liveChannels(boards), [boards]))
  return (
    <p className="shared-connection" title={words.sharedHint}>
      {words.shared(count)}
    </p>
  )
}
