import { Icon, type IconName } from "@magpie/frame"
import type { CallState } from "../fleet/calls.ts"
import { useDeviceLanguage } from "../language/device-language.ts"

const ICONS: Readonly<Record<CallState, IconName>> = {
  sending: "send",
  queued: "clock",
  delivered: "down",
  started: "play",
  progress: "play",
  done: "check",
  failed: "alert",
  expired: "clock",
  cancelled: "close",
  indeterminate: "alert",
  absent: "cut",
  refused: "close",
}

/** A state by colour, shape and word. */
export function CallStateMark({ state }: { readonly state: CallState }) {
  const { words } = useDeviceLanguage()
  return (
    <span className="call-state" data-state={state}>
      <Icon name={ICONS[state]} />
      {words.calls.states[state]}
    </span>
  )
}
