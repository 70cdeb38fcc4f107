import type { DeviceView } from "./device-view.ts"

const PATHS: Readonly<Record<DeviceView["kind"], string>> = {
  lamp: "M12 3a6.5 6.5 0 0 0-3.6 11.9V17h7.2v-2.1A6.5 6.5 0 0 0 12 3M9 20h6",
  thermostat: "M10 13.6V5.5a2 2 0 0 1 4 0v8.1a4 4 0 1 1-4 0M12 9v8",
  valve: "M3 8v8l9-4ZM21 8v8l-9-4ZM12 12V5M8.5 5h7",
}

/** Whether it does something: shines, heats, lets through. The words beside it say so as well. */
function isActive({ kind, state }: Pick<DeviceView, "kind" | "state">): boolean {
  if (kind === "lamp") return state.on === true
  return kind === "thermostat" ? state.heating === true : Number(state.position) > 0
}

export function DeviceIcon({ device }: { readonly device: Pick<DeviceView, "kind" | "state"> }) {
  return (
    <svg className="device-icon" data-active={isActive(device)} viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d={PATHS[device.kind]} />
    </svg>
  )
}
