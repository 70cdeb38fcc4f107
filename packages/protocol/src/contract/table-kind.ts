import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { PresenceSchema } from "./kinds.ts"

/** A row's key is a text, whatever else its schema says of it. */
export type KeySchema = StandardSchemaV1<string, string>

export interface TableOptions<Key extends KeySchema, Value extends StandardSchemaV1, P extends PresenceSchema = undefined> {
  readonly key: Key
  readonly value: Value
  /** Lets sessions be present on the channel, each with a state that this schema takes. */
  readonly presence?: P
  /** Updates per second that a subscriber is sent at most, at least 1/60. Default: as often as there are any, and it can keep up. */
  readonly maxRate?: number
  /** Time after which a row leaves that was not written again, in milliseconds. Default: it stays. */
  readonly expiresAfterMs?: number
}

/** The newest value by key, each with a version; subscribers have the newest at most one interval after a burst [G6, G7]. */
export interface TableKind<
  Key extends KeySchema = KeySchema,
  Value extends StandardSchemaV1 = StandardSchemaV1,
  P extends PresenceSchema = PresenceSchema,
> {
  readonly kind: "table"
  readonly key: Key
  readonly value: Value
  readonly presence: P
  readonly maxRate: number | undefined
  readonly expiresAfterMs: number | undefined
  /** A table has rows and no messages. */
  readonly messages: Readonly<Record<never, never>>
}

export function table<const Key extends KeySchema, const Value extends StandardSchemaV1, P extends PresenceSchema = undefined>(
  options: TableOptions<Key, Value, P>,
): TableKind<Key, Value, NoInfer<P>> {
  const { key, value, presence, maxRate, expiresAfterMs } = options
  return Object.freeze({
    kind: "table",
    key,
    value,
    presence: presence as NoInfer<P>,
    maxRate,
    expiresAfterMs,
    messages: Object.freeze({}),
  })
}

/** An update in a minute: no slower one is offered. */
const LEAST_RATE = 1 / 60
/** The longest time that a log stores. */
const LONGEST_MS = 2 ** 51

/** Why there can be no such table; undefined where there can. */
export function faultInTable({ key, value, maxRate, expiresAfterMs }: TableKind): string | undefined {
  if (typeof key?.["~standard"]?.validate !== "function") return "key needs a Standard Schema (zod, valibot, arktype)"
  if (typeof value?.["~standard"]?.validate !== "function") return "value needs a Standard Schema (zod, valibot, arktype)"
  if (maxRate !== undefined && !(Number.isFinite(maxRate) && maxRate >= LEAST_RATE)) return "maxRate must be a number of at least 1/60"
  if (expiresAfterMs !== undefined && !(Number.isSafeInteger(expiresAfterMs) && expiresAfterMs >= 1 && expiresAfterMs <= LONGEST_MS))
    return "expiresAfterMs must be a whole number of 1 to 2 ** 51"
  return undefined
}
