import { useStatus } from "@magpie/frame"
import type { ReactNode } from "react"
import { useLanguage } from "../language/language.ts"
import type { Timeline } from "./timeline.ts"

interface RoomNoticeProps {
  readonly phase: Timeline["phase"]
  readonly onRetry: () => void
}

/** What stands in the place of the messages while there are none. */
export function RoomNotice({ phase, onRetry }: RoomNoticeProps) {
  const { words } = useLanguage()
  const { chat } = words
  const online = useStatus().state === "online"

  if (phase.state === "ready") return <Notice title={chat.emptyTitle} text={chat.emptyText} kind="empty" />
  if (!online && (phase.state === "loading" || phase.error.retryable)) {
    return <Notice title={chat.waitingTitle} text={chat.waitingText} kind="waiting" />
  }
  if (phase.state === "loading") return <Notice title={chat.loading} text="" kind="loading" />
  return (
    <Notice title={chat.failedTitle} text={`${phase.error.reason} (${phase.error.code})`} kind="failed">
      <button type="button" className="button" onClick={onRetry}>
        {chat.retry}
      </button>
    </Notice>
  )
}

interface NoticeProps {
  readonly title: string
  readonly text: string
  readonly kind: "empty" | "waiting" | "loading" | "failed"
  readonly children?: ReactNode
}

function Notice({ title, text, kind, children }: NoticeProps) {
  return (
    <div className={`room-notice ${kind}`} role={kind === "failed" ? "alert" : "status"} data-content>
      <svg className="notice-bridge" viewBox="0 0 160 56" width="160" height="56" aria-hidden="true">
        <path d="M8 48C44 4 116 4 152 48" />
        <circle cx="8" cy="48" r="4" />
        <circle cx="152" cy="48" r="4" />
      </svg>
      <p className="notice-title">{title}</p>
      {text !== "" && <p className="notice-text">{text}</p>}
      {children}
    </div>
  )
}
