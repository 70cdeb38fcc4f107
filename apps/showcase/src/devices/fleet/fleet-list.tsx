import { Icon, useStatus, useStore } from "@magpie/frame"
import { useMemo } from "react"
import { addressOfDevices, OWN_DEVICE_ADDRESS } from "../../route.ts"
import { useFleet } from "../fleet-context.ts"
import { useDeviceLanguage } from "../language/device-language.ts"
import { DeviceIcon } from "./device-icon.tsx"
import type { DeviceView } from "./device-view.ts"
import { OnlineMark } from "./online-mark.tsx"

/** Every device that has ever reported, by group. */
export function FleetList({ shown }: { readonly shown: string | undefined }) {
  const { words, formats } = useDeviceLanguage()
  const { devices, state } = useFleet()
  const all = useStore(devices)
  const standing = useStore(state)
  const isOnline = useStatus().state === "online"
  const groups = useMemo(() => groupsOf(all), [all])
  const count = all.filter((device) => device.isOnline).length
  return (
    <section className="fleet" aria-label={words.fleet.label} data-stale={!isOnline}>
      <p className="fleet-summary" role="status">
        {!isOnline && all.length > 0
          ? words.fleet.stale
          : all.length > 0 && words.fleet.summary(formats.number(count), formats.number(all.length))}
      </p>
      {all.length === 0 && (
        <p className="fleet-empty">
          {standing === "refused" ? words.fleet.refused : standing === "live" ? words.fleet.empty : words.fleet.loading}
        </p>
      )}
      {groups.map(([group, its]) => (
        <section key={group} aria-label={words.fleet.group(group, its.length)}>
          <h2>{group}</h2>
          <ul>
            {its.map((device) => (
              <DeviceRow key={device.id} device={device} isShown={device.id === (shown ?? all[0]?.id)} />
            ))}
          </ul>
        </section>
      ))}
      <a className="button own-link" href={OWN_DEVICE_ADDRESS}>
        <Icon name="plus" />
        {words.own.link}
      </a>
    </section>
  )
}

function DeviceRow({ device, isShown }: { readonly device: DeviceView; readonly isShown: boolean }) {
  const { words, summaryOf } = useDeviceLanguage()
  const { id, host, delta } = device
  return (
    <li className={isShown ? "device-row shown" : "device-row"} data-online={device.isOnline}>
      <a href={addressOfDevices(id)} aria-current={isShown ? "true" : undefined} data-content={isShown ? "" : undefined}>
        <DeviceIcon device={device} />
        <span className="device-name">
          <strong>{id}</strong>
          <span className="host" title={words.hosts[host].about}>
            {words.hosts[host].name}
          </span>
        </span>
        <span className="device-summary">{summaryOf(device)}</span>
        <OnlineMark device={device} />
        {delta !== undefined && <span className="delta-mark">≠ {words.fleet.differs}</span>}
      </a>
    </li>
  )
}

function groupsOf(devices: readonly DeviceView[]): readonly (readonly [string, readonly DeviceView[]])[] {
  const groups = new Map<string, DeviceView[]>()
  for (const device of devices) groups.set(device.group, [...(groups.get(device.group) ?? []), device])
  return [...groups]
}
