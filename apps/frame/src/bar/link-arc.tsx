import type { StatusName } from "@magpie/client"
import { useMeter } from "../frame-context.ts"

interface LinkArcProps {
  readonly state: StatusName
  readonly cut: boolean
}

/** The bridge between this page and the server: whole, being built, or broken. A light crosses it when messages do. */
export function LinkArc({ state, cut }: LinkArcProps) {
  const { counts } = useMeter()
  const whole = state === "online"
  return (
    <svg className={`link-arc ${state}`} viewBox="0 0 96 32" width="96" height="32" aria-hidden="true">
      <defs>
        <linearGradient id="sheen" x1="0" x2="96" y1="0" y2="0" gradientUnits="userSpaceOnUse">
          <stop offset="0" className="sheen-from" />
          <stop offset="1" className="sheen-to" />
        </linearGradient>
      </defs>
      {cut ? (
        <path className="arc" d="M8 26C16 14 27 8.6 38 7M58 7C69 8.6 80 14 88 26" />
      ) : (
        <path className="arc" d="M8 26C26 0 70 0 88 26" />
      )}
      <circle className="post" cx="8" cy="26" r="3.5" />
      <circle className="post" cx="88" cy="26" r="3.5" />
      {whole && counts.messagesOut > 0 && <circle key={`out ${counts.messagesOut}`} className="crossing out" r="2.5" />}
      {whole && counts.messagesIn > 0 && <circle key={`in ${counts.messagesIn}`} className="crossing in" r="2.5" />}
    </svg>
  )
}
