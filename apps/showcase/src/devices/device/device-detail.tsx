import { Icon } from "@magpie/frame"
import { addressOfDevices } from "../../route.ts"
import { DeviceIcon } from "../fleet/device-icon.tsx"
import type { DeviceView } from "../fleet/device-view.ts"
import { OnlineMark } from "../fleet/online-mark.tsx"
import { useFleet } from "../fleet-context.ts"
import { useDeviceLanguage } from "../language/device-language.ts"
import { CallList } from "./call-list.tsx"
import { CommandForm } from "./command-form.tsx"
import { LedgerList } from "./ledger-list.tsx"
import { Twin } from "./twin.tsx"

/** One device: what it is and what is desired, what it is told, and its ledger. */
export function DeviceDetail({ device }: { readonly device: DeviceView }) {
  const { words } = useDeviceLanguage()
  const { forget } = useFleet()
  const { id, kind, group, host, isOnline } = device
  return (
    <div className="device-detail">
      <header className="device-head">
        <a className="button quiet square narrow-only" href={addressOfDevices()} aria-label={words.detail.back}>
          <Icon name="back" />
        </a>
        <DeviceIcon device={device} />
        <div>
          <h2>{id}</h2>
          <p>
            {words.kinds[kind]} · {group} · {words.hosts[host].about}
          </p>
        </div>
        <OnlineMark device={device} />
        {!isOnline && host !== "server" && (
          <button type="button" className="button small" title={words.detail.forgetHint} onClick={() => forget(id)}>
            {words.detail.forget}
          </button>
        )}
      </header>
      <div className="device-columns">
        <div>
          <Twin device={device} />
          <CommandForm device={device} />
          <CallList />
        </div>
        <LedgerList kind={kind} id={id} />
      </div>
    </div>
  )
}
