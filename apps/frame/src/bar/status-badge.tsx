import type { Status } from "@magpie/client"
import { useConditions, useFrame, useStatus } from "../frame-context.ts"
import { useLanguage } from "../language/language.ts"
import { Countdown } from "./countdown.tsx"
import { LinkArc } from "./link-arc.tsx"
import { StatusShape } from "./status-shape.tsx"

export function StatusBadge() {
  const { words } = useLanguage()
  const { client } = useFrame()
  const { cut } = useConditions()
  const status = useStatus()
  return (
    <div className={`status-badge ${status.state}`}>
      <LinkArc state={status.state} cut={cut} />
      <div className="status-words">
        <p className="status-word" role="status" aria-label={words.status.label}>
          <StatusShape state={status.state} />
          {words.status[status.state]}
        </p>
        <p className="status-detail">
          <StatusDetail status={status} />
        </p>
      </div>
      {(status.state === "reconnecting" || status.state === "offline") && !cut && (
        <button type="button" className="button small" onClick={() => client.connect()}>
          {words.status.retryNow}
        </button>
      )}
    </div>
  )
}

function StatusDetail({ status }: { readonly status: Status }) {
  const { words, formats } = useLanguage()
  switch (status.state) {
    case "online":
      return <>{location.host}</>
    case "connecting":
      return <>{words.status.attempt(formats.number(status.attempt))}</>
    case "reconnecting":
      return <Countdown until={status.retryAt} />
    case "offline":
      return <>{words.status.noNetwork}</>
    case "closed":
      return <>{status.cause === undefined ? words.status.reload : `${status.cause.code} · ${words.status.reload}`}</>
    case "idle":
      return null
  }
}
