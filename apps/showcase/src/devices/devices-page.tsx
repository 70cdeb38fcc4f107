import { useStatus, useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import { useConnection } from "../connection/connection-context.ts"
import { DeviceDetail } from "./device/device-detail.tsx"
import { type FleetDesk, openFleetDesk } from "./fleet/fleet-desk.ts"
import { FleetList } from "./fleet/fleet-list.tsx"
import { FleetContext, useFleet } from "./fleet-context.ts"
import { useDeviceLanguage } from "./language/device-language.ts"
import { OwnDevicePage } from "./own/own-device-page.tsx"
import "./styles/devices.css"
import "./styles/detail.css"
import "./styles/ledger.css"

interface DevicesPageProps {
  readonly device: string | undefined
  /** This page is a device itself. */
  readonly isOwn: boolean
}

export function DevicesPage({ device, isOwn }: DevicesPageProps) {
  return isOwn ? <OwnDevicePage /> : <OperatorsPage device={device} />
}

/** The fleet, and one device of it with its state, commands and ledger. */
function OperatorsPage({ device }: Pick<DevicesPageProps, "device">) {
  const { client, me } = useConnection()
  const [desk, setDesk] = useState<FleetDesk>()

  useEffect(() => {
    const its = openFleetDesk(client, Date.now, me.newRef)
    setDesk(its)
    return () => {
      its.close()
      setDesk(undefined)
    }
  }, [client, me])

  return (
    <div className="devices" data-chosen={device !== undefined}>
      {desk !== undefined && (
        <FleetContext value={desk}>
          <FleetList shown={device} />
          <Detail id={device} />
        </FleetContext>
      )}
    </div>
  )
}

function Detail({ id }: { readonly id: string | undefined }) {
  const { words } = useDeviceLanguage()
  const { devices, state } = useFleet()
  const all = useStore(devices)
  const standing = useStore(state)
  const status = useStatus()
  const isKnown = standing === "live" && status.state === "online"
  const shown = id === undefined ? all[0] : all.find((device) => device.id === id)
  if (shown !== undefined) return <DeviceDetail key={shown.id} device={shown} />
  return <div className="device-none">{isKnown && <p>{id === undefined ? words.detail.choose : words.detail.unknown(id)}</p>}</div>
}
