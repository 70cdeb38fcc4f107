import type { Desired, Report } from "../channels.ts"

type Fields = Readonly<Record<string, unknown>>

export interface Delta {
  /** Fields that are desired otherwise than they are reported. */
  readonly fields: readonly string[]
  /** Whether the device has taken up what is desired, and is something else since. */
  readonly isTakenUp: boolean
}

/** A device as operators see it. */
export interface DeviceView {
  readonly id: string
  readonly kind: Report["kind"]
  readonly group: string
  readonly host: Report["host"]
  readonly isOnline: boolean
  /** When it was heard of last, by the server's clock. */
  readonly seenAt: number
  readonly state: Fields
  readonly desired: Fields | undefined
  /** Undefined where it is as desired, or nothing is. */
  readonly delta: Delta | undefined
}

interface Row<Value> {
  readonly value: Value
  readonly version: number
  readonly at: number
}

export function deviceView(id: string, { value, at }: Row<Report>, wanted: Row<Desired> | undefined, isOnline: boolean): DeviceView {
  const { kind, group, host, applied, leftAt, state } = value
  return { id, kind, group, host, isOnline, seenAt: leftAt ?? at, state, desired: wanted?.value, delta: deltaOf(state, applied, wanted) }
}

function deltaOf(state: Fields, applied: number, wanted: Row<Desired> | undefined): Delta | undefined {
  if (wanted === undefined) return undefined
  const fields = Object.entries(wanted.value).flatMap(([name, value]) => (state[name] === value ? [] : name))
  return fields.length === 0 ? undefined : { fields, isTakenUp: applied === wanted.version }
}

/** By group, then by name. */
export function inOrder(devices: readonly DeviceView[]): readonly DeviceView[] {
  return [...devices].sort((a, b) => a.group.localeCompare(b.group) || a.id.localeCompare(b.id))
}
