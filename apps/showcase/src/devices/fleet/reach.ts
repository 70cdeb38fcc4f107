import type { DeviceView } from "./device-view.ts"

export const REACHES = ["one", "group", "all"] as const
/** Whom a command is for: one device, those of its kind in its group, or all of its kind. */
export type Reach = (typeof REACHES)[number]

export function reachedBy(reach: Reach, device: DeviceView, fleet: readonly DeviceView[]): readonly DeviceView[] {
  if (reach === "one") return [device]
  return fleet.filter(({ kind, group }) => kind === device.kind && (reach === "all" || group === device.group))
}
