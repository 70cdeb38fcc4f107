import type { CommandContext } from "@magpie/client/command"
import { MagpieError } from "@magpie/protocol"

export type DeviceState = Readonly<Record<string, unknown>>

/** A simulated device: what it is now, and what can be done to it. */
export interface DeviceModel<State extends DeviceState = DeviceState> {
  /** Another object after each change. */
  readonly state: State
  /** What its channel's commands do, by their names. */
  readonly handlers: Readonly<Record<string, (input: unknown, context: CommandContext) => unknown>>
  /** What somebody does who stands beside it, by a name. */
  readonly controls: Readonly<Record<string, () => void>>
  /** Becomes as somebody desires; fields that it does not know are left alone. Fails with BAD_REQUEST. */
  apply(desired: DeviceState): void
  /** Lives on for so long. */
  advance(elapsedMs: number): void
}

/** The fields of what came over the network. Fails with BAD_REQUEST. */
export function fieldsOf(given: unknown): DeviceState {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given as DeviceState
  throw new MagpieError("BAD_REQUEST", "the device wants an object")
}

/** A number of the fields, undefined where there is none. Fails with BAD_REQUEST. */
export function numberIn(fields: DeviceState, name: string, least: number, most: number): number | undefined {
  const value = fields[name]
  if (value === undefined) return undefined
  if (typeof value === "number" && value >= least && value <= most) return value
  throw new MagpieError("BAD_REQUEST", `${name} must be a number from ${least} to ${most}`)
}

/** Fails with BAD_REQUEST. */
export function flagIn(fields: DeviceState, name: string): boolean | undefined {
  const value = fields[name]
  if (value === undefined || typeof value === "boolean") return value
  throw new MagpieError("BAD_REQUEST", `${name} must be true or false`)
}
