import { command, table } from "@magpie/protocol"
import * as v from "valibot"

export const deviceId = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/))
const percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100))
const brightness = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100))
const target = v.pipe(v.number(), v.minValue(5), v.maxValue(30))
const position = v.object({ position: percent })

const lamp = v.object({ on: v.boolean(), brightness })
const thermostat = v.object({ target, temperature: v.number(), heating: v.boolean() })
const valve = v.object({ position: percent, moving: v.boolean(), jammed: v.boolean() })

const about = {
  group: v.pipe(v.string(), v.regex(/^[\p{L}\p{N} -]{1,24}$/u)),
  /** Where it runs. All of them are simulated. */
  host: v.picklist(["server", "terminal", "page"]),
  /** Version of the desired state that it has taken up last; 0 for none. */
  applied: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Its last will: when the server found it gone. */
  leftAt: v.optional(v.number()),
}
const report = v.variant("kind", [
  v.object({ kind: v.literal("lamp"), ...about, state: lamp }),
  v.object({ kind: v.literal("thermostat"), ...about, state: thermostat }),
  v.object({ kind: v.literal("valve"), ...about, state: valve }),
])
const desired = v.union([lamp, v.object({ target }), position])

export type Report = v.InferOutput<typeof report>
export type Desired = v.InferOutput<typeof desired>
/** What a command of a device takes. */
export type Order = Partial<v.InferOutput<typeof lamp>> | { readonly target: number } | { readonly position: number }

/** The devices' part of the contract. */
export const deviceChannels = {
  // At most once each, never after the deadline, always ended; their ledgers are kept.
  "lamp/:id": command({ set: { input: v.partial(lamp), output: lamp } }, { retention: { maxCount: 1_000 } }),
  "thermostat/:id": command({ set: { input: v.object({ target }), output: v.object({ target }) } }, { retention: { maxCount: 1_000 } }),
  "valve/:id": command(
    { move: { input: position, output: position, progress: position, errors: { stuck: position } } },
    { retention: { maxCount: 1_000 } },
  ),
  // What each device is, written by the device, which is present as long as it is there.
  "devices/reported": table({ key: deviceId, value: report, maxRate: 10, presence: v.object({ device: deviceId }) }),
  // What is wanted of it, whether it is there or not.
  "devices/desired": table({ key: deviceId, value: desired }),
}
