import type { DeviceModel, DeviceState } from "./device-model.ts"
import { createLamp, type LampState } from "./lamp.ts"
import { createThermostat, type ThermostatState } from "./thermostat.ts"
import { createValve, type ValveState } from "./valve.ts"

export const DEVICE_KINDS = ["lamp", "thermostat", "valve"] as const
export type DeviceKind = (typeof DEVICE_KINDS)[number]

/** A device of a kind, as it was before where that is known. */
export function createDevice(kind: DeviceKind, before?: DeviceState): DeviceModel {
  if (kind === "lamp") return createLamp(before as LampState | undefined)
  if (kind === "thermostat") return createThermostat(before as ThermostatState | undefined)
  return createValve(before as ValveState | undefined)
}
