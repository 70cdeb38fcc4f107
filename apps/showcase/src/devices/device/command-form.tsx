import { useStatus, useStore } from "@magpie/frame"
import { type ReactNode, useId, useState } from "react"
import type { Desired } from "../channels.ts"
import type { Offline } from "../fleet/calls.ts"
import type { DeviceView } from "../fleet/device-view.ts"
import { REACHES, type Reach, reachedBy } from "../fleet/reach.ts"
import { useFleet } from "../fleet-context.ts"
import { useDeviceLanguage } from "../language/device-language.ts"

const WAITS_MS = [10_000, 60_000, 600_000] as const

/** What the device is to be: told as a command, or desired. */
export function CommandForm({ device }: { readonly device: DeviceView }) {
  const { words } = useDeviceLanguage()
  const { call, desire } = useFleet()
  const isOnline = useStatus().state === "online"
  const [draft, setDraft] = useState<Desired>(() => draftOf(device))
  const { devices } = useFleet()
  const fleet = useStore(devices)
  const [reach, setReach] = useState<Reach>("one")
  const reached = reachedBy(reach, device, fleet)
  const [offline, setOffline] = useState<Offline>({ wait: true, deadlineMs: WAITS_MS[1] })
  const hints = useId()
  const { command } = words
  return (
    <section className="command-form" aria-label={command.label}>
      <h3>{command.label}</h3>
      <DraftFields draft={draft} onChange={setDraft} />
      <ReachChoice reach={reach} device={device} fleet={fleet} onChange={setReach} />
      <OfflineChoice offline={offline} onChange={setOffline} />
      <div className="command-buttons">
        <div className="command-choice">
          <button type="button" className="button primary" aria-describedby={`${hints}-send`} onClick={() => call(reached, draft, offline)}>
            {command.send}
          </button>
          <p className="command-hint" id={`${hints}-send`}>
            {command.sendHint}
          </p>
        </div>
        <div className="command-choice">
          <button
            type="button"
            className="button"
            aria-describedby={`${hints}-desire`}
            disabled={!isOnline}
            onClick={() =>
              desire(
                reached.map(({ id }) => id),
                draft,
              )
            }
          >
            {command.desire}
          </button>
          <p className="command-hint" id={`${hints}-desire`}>
            {command.desireHint}
          </p>
        </div>
      </div>
    </section>
  )
}

/** What the device can be told, as it is now. */
function draftOf({ kind, state }: Pick<DeviceView, "kind" | "state">): Desired {
  if (kind === "lamp") return { on: state.on === true, brightness: Number(state.brightness) }
  return kind === "thermostat" ? { target: Number(state.target) } : { position: Math.round(Number(state.position)) }
}

interface DraftFieldsProps {
  readonly draft: Desired
  readonly onChange: (draft: Desired) => void
}

function DraftFields({ draft, onChange }: DraftFieldsProps) {
  const { words, formats } = useDeviceLanguage()
  const { command } = words
  if ("target" in draft) {
    const { target } = draft
    return (
      <Range
        label={command.target}
        value={target}
        said={formats.degrees(target)}
        min={5}
        max={30}
        step={0.5}
        onChange={(next) => onChange({ target: next })}
      />
    )
  }
  if ("position" in draft) {
    const { position } = draft
    return (
      <Range
        label={command.position}
        value={position}
        said={formats.percent(position)}
        min={0}
        max={100}
        step={5}
        onChange={(next) => onChange({ position: next })}
      />
    )
  }
  const { on, brightness } = draft
  return (
    <>
      <label className="switch-field">
        <span>{command.switchOn}</span>
        <input type="checkbox" checked={on} onChange={(event) => onChange({ on: event.target.checked, brightness })} />
      </label>
      <Range
        label={command.brightness}
        value={brightness}
        said={formats.percent(brightness)}
        min={1}
        max={100}
        step={1}
        onChange={(next) => onChange({ on, brightness: next })}
      />
    </>
  )
}

interface RangeProps {
  readonly label: string
  readonly value: number
  /** The value as people read it. */
  readonly said: string
  readonly min: number
  readonly max: number
  readonly step: number
  readonly onChange: (value: number) => void
}

function Range({ label, value, said, min, max, step, onChange }: RangeProps) {
  const id = useId()
  return (
    <Field id={id} label={label}>
      <input
        id={id}
        type="range"
        value={value}
        min={min}
        max={max}
        step={step}
        aria-valuetext={said}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      <output htmlFor={id}>{said}</output>
    </Field>
  )
}

function Field({ id, label, children }: { readonly id: string; readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="device-field">
      <label htmlFor={id}>{label}</label>
      {children}
    </div>
  )
}

interface ReachChoiceProps {
  readonly reach: Reach
  readonly device: DeviceView
  readonly fleet: readonly DeviceView[]
  readonly onChange: (reach: Reach) => void
}

function ReachChoice({ reach, device, fleet, onChange }: ReachChoiceProps) {
  const { words } = useDeviceLanguage()
  const id = useId()
  return (
    <Field id={id} label={words.command.reach}>
      <select id={id} className="select" value={reach} onChange={(event) => onChange(event.target.value as Reach)}>
        {REACHES.map((each) => (
          <option key={each} value={each}>
            {words.command.reaches[each](device.group, words.kinds[device.kind], reachedBy(each, device, fleet).length)}
          </option>
        ))}
      </select>
    </Field>
  )
}

interface OfflineChoiceProps {
  readonly offline: Offline
  readonly onChange: (offline: Offline) => void
}

function OfflineChoice({ offline, onChange }: OfflineChoiceProps) {
  const { words, formats } = useDeviceLanguage()
  const id = useId()
  return (
    <Field id={id} label={words.command.offline}>
      <select
        id={id}
        className="select"
        value={offline.wait ? offline.deadlineMs : 0}
        onChange={(event) => {
          const deadlineMs = Number(event.target.value)
          onChange(deadlineMs === 0 ? { wait: false } : { wait: true, deadlineMs })
        }}
      >
        {WAITS_MS.map((waitMs) => (
          <option key={waitMs} value={waitMs}>
            {words.command.wait(formats.duration(waitMs))}
          </option>
        ))}
        <option value={0}>{words.command.refuse}</option>
      </select>
    </Field>
  )
}
