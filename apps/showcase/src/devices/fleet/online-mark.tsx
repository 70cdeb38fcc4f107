import { useDeviceLanguage } from "../language/device-language.ts"
import { useNow } from "../use-now.ts"
import type { DeviceView } from "./device-view.ts"

/** Whether it is there, by colour, shape and word; and since when not. */
export function OnlineMark({ device }: { readonly device: DeviceView }) {
  const { words, formats } = useDeviceLanguage()
  const now = useNow()
  const { isOnline, seenAt } = device
  return (
    <span className={isOnline ? "online-mark online" : "online-mark offline"}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        {isOnline ? <circle cx="8" cy="8" r="5" /> : <rect x="3" y="3" width="10" height="10" />}
      </svg>
      {isOnline ? words.fleet.online : words.fleet.offline}
      {!isOnline && <span className="seen">{words.fleet.seen(formats.ago(now - seenAt))}</span>}
    </span>
  )
}
