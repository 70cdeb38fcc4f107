import { DEVICE_KINDS, type DeviceKind } from "@magpie/cli/devices"
import { Icon, useStatus, useStore } from "@magpie/frame"
import { useEffect, useId, useState } from "react"
import { useConnection } from "../../connection/connection-context.ts"
import { addressOfDevices } from "../../route.ts"
import { DeviceIcon } from "../fleet/device-icon.tsx"
import { useDeviceLanguage } from "../language/device-language.ts"
import { type OwnView, openOwnDevice } from "./own-device.ts"
import { pageClock } from "./page-clock.ts"
import "../styles/devices.css"
import "../styles/own.css"

type OwnDevice = ReturnType<typeof openOwnDevice>

const KIND_KEY = "magpie.device-kind"
const NAME_KEY = "magpie.device-name"

/** This tab's name as a device, kept for the tab. */
function ownName(): string {
  const name = sessionStorage.getItem(NAME_KEY) ?? Math.random().toString(36).slice(2, 7)
  sessionStorage.setItem(NAME_KEY, name)
  return name
}

function keptKind(): DeviceKind {
  return DEVICE_KINDS.find((kind) => kind === sessionStorage.getItem(KIND_KEY)) ?? "lamp"
}

/** A page that is a device: a phone or a second tab to be operated from the other page. */
export function OwnDevicePage() {
  const { words } = useDeviceLanguage()
  const { client } = useConnection()
  const [kind, setKind] = useState(keptKind)
  const [device, setDevice] = useState<OwnDevice>()
  const group = useId()
  const id = `${kind}-${ownName()}`

  useEffect(() => {
    sessionStorage.setItem(KIND_KEY, kind)
    const its = openOwnDevice({ id, kind, client, clock: pageClock, kept: sessionStorage })
    setDevice(its)
    return () => {
      its.close()
      setDevice(undefined)
    }
  }, [client, id, kind])

  return (
    <main className="own-device" data-content tabIndex={-1}>
      <a className="button quiet" href={addressOfDevices()}>
        <Icon name="back" />
        {words.detail.back}
      </a>
      <fieldset className="own-kinds">
        <legend className="visually-hidden">{words.own.kind}</legend>
        {DEVICE_KINDS.map((each) => (
          <label key={each}>
            <input type="radio" name={group} checked={kind === each} onChange={() => setKind(each)} />
            <span>{words.kinds[each]}</span>
          </label>
        ))}
      </fieldset>
      {device !== undefined && <Own key={id} id={id} kind={kind} device={device} />}
    </main>
  )
}

interface OwnProps {
  readonly id: string
  readonly kind: DeviceKind
  readonly device: OwnDevice
}

function Own({ id, kind, device }: OwnProps) {
  const { words, summaryOf } = useDeviceLanguage()
  const view = useStore(device.view)
  const isOnline = useStatus().state === "online"
  const shown = { kind, state: view.state }
  return (
    <>
      <h2>{id}</h2>
      <div className="own-picture">
        <DeviceIcon device={shown} />
      </div>
      <p className="own-state">{summaryOf(shown)}</p>
      <p className="own-serving" role="status" data-serving={view.serving}>
        {words.own.serving[view.serving === "serving" && !isOnline ? "connecting" : view.serving]}
      </p>
      <div className="own-controls">
        {device.controls.map((name) => (
          <button key={name} type="button" className="button" onClick={() => device.control(name)}>
            {words.own.controls[name] ?? name}
          </button>
        ))}
        <a className="button" href={`?guest${addressOfDevices(id)}`} target="_blank" rel="noopener">
          <Icon name="window" />
          {words.own.operate}
        </a>
      </div>
      <OwnTold told={view.told} />
    </>
  )
}

function OwnTold({ told }: Pick<OwnView, "told">) {
  const { words } = useDeviceLanguage()
  return (
    <section className="own-told" aria-label={words.own.told}>
      <h3>{words.own.told}</h3>
      {told.length === 0 && <p>{words.own.nothing}</p>}
      <ol>
        {told.map(({ id, name, input }) => (
          <li key={id}>
            {name} <code>{JSON.stringify(input)}</code>
          </li>
        ))}
      </ol>
    </section>
  )
}
