import type { StandardSchemaV1 } from "@standard-schema/spec"
import { DEFAULT_RETENTION, type PresenceSchema, type Retention } from "./kinds.ts"

/** What one command takes and gives. */
export interface CommandSchemas {
  readonly input: StandardSchemaV1
  readonly output: StandardSchemaV1
  /** Ways in which it may fail by its own account: a code, and what is told with it. */
  readonly errors?: Readonly<Record<string, StandardSchemaV1>>
  /** What is told while it runs. */
  readonly progress?: StandardSchemaV1
}

export type AnyCommands = Readonly<Record<string, CommandSchemas>>

export interface CommandOptions<P extends PresenceSchema = undefined> {
  /** How long a command may wait until it is begun, where its caller does not say, in milliseconds. Default a minute. */
  readonly deadlineMs?: number
  /** The longest time that a caller may say. Default a week. */
  readonly maxDeadlineMs?: number
  /** How long after the deadline the outcome of one that was begun may come, before it is `indeterminate`. Default a minute. */
  readonly reportMs?: number
  /**
   * What becomes of a call while nobody serves the channel: it waits (`"queue"`, the default), or is refused with UNAVAILABLE
   * (`"refuse"`); then one that nobody takes within `deliveryMs` expires.
   */
  readonly offline?: "queue" | "refuse"
  /** Only with `offline: "refuse"`. Default 10 seconds. */
  readonly deliveryMs?: number
  /** How much of the ledger is kept. */
  readonly retention?: Retention
  /** Lets sessions be present on the channel, each with a state that this schema takes. */
  readonly presence?: P
}

/** Request and reply with a ledger: executed at most once, never after its deadline, always ended [G9]. */
export interface CommandKind<C extends AnyCommands = AnyCommands, P extends PresenceSchema = PresenceSchema> {
  readonly kind: "command"
  readonly commands: C
  readonly deadlineMs: number
  readonly maxDeadlineMs: number
  readonly reportMs: number
  /** How soon somebody has to take it; undefined where it may wait. */
  readonly deliveryMs: number | undefined
  readonly retention: Required<Retention>
  readonly presence: P
  /** A channel of commands has a ledger and no messages of its own. */
  readonly messages: Readonly<Record<never, never>>
}

const MINUTE_MS = 60_000
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS
const DELIVERY_MS = 10_000

export function command<const C extends AnyCommands, P extends PresenceSchema = undefined>(
  commands: C,
  options: CommandOptions<P> = {},
): CommandKind<C, NoInfer<P>> {
  const { maxDeadlineMs = WEEK_MS, deadlineMs = Math.min(MINUTE_MS, maxDeadlineMs), reportMs = MINUTE_MS } = options
  const { offline = "queue", deliveryMs = DELIVERY_MS, retention, presence } = options
  return Object.freeze({
    kind: "command",
    commands,
    deadlineMs,
    maxDeadlineMs,
    reportMs,
    deliveryMs: offline === "refuse" ? deliveryMs : undefined,
    retention: { ...DEFAULT_RETENTION, ...retention },
    presence: presence as NoInfer<P>,
    messages: Object.freeze({}),
  })
}

/** The longest time that a log stores. */
const LONGEST_MS = 2 ** 51
const CODE = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

/** Why there can be no such channel; undefined where there can. */
export function faultInCommands(kind: CommandKind): string | undefined {
  const { commands, deadlineMs, maxDeadlineMs, reportMs, deliveryMs } = kind
  if (commands === null || typeof commands !== "object") return "needs commands: schemas by the command's name"
  for (const [name, { input, output, errors = {}, progress }] of Object.entries(commands)) {
    if (!CODE.test(name)) return `has a command "${name}": names are letters, digits, "_", "." and "-", at most 64, a letter first`
    for (const [part, schema] of Object.entries({ input, output, ...(progress && { progress }), ...errors })) {
      if (typeof schema?.["~standard"]?.validate !== "function")
        return `command "${name}": ${part} needs a Standard Schema (zod, valibot, arktype)`
    }
    const wrong = Object.keys(errors).find((code) => !CODE.test(code))
    if (wrong !== undefined) return `command "${name}": "${wrong}" is no code of an error`
  }
  const times = { deadlineMs, maxDeadlineMs, reportMs, deliveryMs: deliveryMs ?? 1 }
  for (const [field, value] of Object.entries(times)) {
    if (!Number.isSafeInteger(value) || value < 1 || value > LONGEST_MS) return `${field} must be a whole number of 1 to 2 ** 51`
  }
  return deadlineMs > maxDeadlineMs ? "deadlineMs must not be more than maxDeadlineMs" : undefined
}
