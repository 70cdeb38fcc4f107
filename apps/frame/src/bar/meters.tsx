import type { ReactNode } from "react"
import { useMeter } from "../frame-context.ts"
import { useLanguage } from "../language/language.ts"
import { Hint } from "../layout/hint.tsx"

export function Meters() {
  const { words, formats } = useLanguage()
  const { counts, messagesInPerSecond, messagesOutPerSecond } = useMeter()
  const { meter } = words
  return (
    <dl className="meters" aria-label={meter.label}>
      <Reading name={meter.roundTrip} hint={meter.roundTripHint}>
        {counts.roundTripMs === undefined ? meter.unknown : formats.milliseconds(Math.max(1, Math.round(counts.roundTripMs)))}
      </Reading>
      <Reading name={meter.messages} hint={meter.messagesHint}>
        <InOut inbound={formats.number(messagesInPerSecond)} outbound={formats.number(messagesOutPerSecond)} />
      </Reading>
      <Reading name={meter.bytes} hint={meter.bytesHint} wide>
        <InOut inbound={formats.bytes(counts.bytesIn)} outbound={formats.bytes(counts.bytesOut)} />
      </Reading>
      <Reading name={meter.pending} hint={meter.pendingHint} marked={counts.pending > 0}>
        {formats.number(counts.pending)}
      </Reading>
    </dl>
  )
}

interface ReadingProps {
  readonly name: string
  readonly hint: string
  readonly wide?: boolean
  readonly marked?: boolean
  readonly children: ReactNode
}

function Reading({ name, hint, wide = false, marked = false, children }: ReadingProps) {
  return (
    <div className={`reading${wide ? " wide" : ""}${marked ? " marked" : ""}`}>
      <dt>
        <Hint text={hint}>{(id) => <span aria-describedby={id}>{name}</span>}</Hint>
      </dt>
      <dd>{children}</dd>
    </div>
  )
}

function InOut({ inbound, outbound }: { readonly inbound: string; readonly outbound: string }) {
  const { words } = useLanguage()
  return (
    <>
      <span>
        <span aria-hidden="true">↓ </span>
        <span className="visually-hidden">{words.meter.inbound} </span>
        {inbound}
      </span>
      <span>
        <span aria-hidden="true">↑ </span>
        <span className="visually-hidden">{words.meter.outbound} </span>
        {outbound}
      </span>
    </>
  )
}
