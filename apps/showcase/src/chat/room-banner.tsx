import { Icon } from "@magpie/frame"
import { useLanguage } from "../language/language.ts"
import type { Timeline } from "./timeline.ts"

interface RoomBannerProps {
  readonly phase: Timeline["phase"]
  readonly onRetry: () => void
}

/** Said above the composer when the messages shown are not followed by newer ones. */
export function RoomBanner({ phase, onRetry }: RoomBannerProps) {
  const { words } = useLanguage()
  if (phase.state !== "failed") return null
  return (
    <p className="room-banner" role="alert">
      <Icon name="alert" />
      <span>
        {words.chat.failedTitle}: <span lang="en">{phase.error.reason}</span> <code>{phase.error.code}</code>
      </span>
      <button type="button" className="button small" onClick={onRetry}>
        {words.chat.retry}
      </button>
    </p>
  )
}
