import type { MagpieError } from "@magpie/protocol"
import { useLanguage } from "../language/language.ts"

interface FailedNoticeProps {
  readonly error: MagpieError
  readonly onRetry: () => void
  readonly onDiscard: () => void
}

export function FailedNotice({ error, onRetry, onDiscard }: FailedNoticeProps) {
  const { words } = useLanguage()
  return (
    <div className="failed-notice" role="alert">
      <span>
        {words.delivery.failed}: <span lang="en">{error.reason}</span> <code>{error.code}</code>
      </span>
      <button type="button" className="button small" onClick={onRetry}>
        {words.delivery.retry}
      </button>
      <button type="button" className="button small quiet" onClick={onDiscard}>
        {words.delivery.discard}
      </button>
    </div>
  )
}
