import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { PresenceSchema } from "./kinds.ts"

/** A row's key is a text, whatever else its schema says of it. */
export type KeySchema = StandardSchemaV1<string, string>

/**
 * Chooses rows by what they are. The server asks `keep` of each row that was written, for each argument that somebody follows:
 * it answers at once, from what it is given alone, and costs little. It chooses and does not protect: that is what rights are for.
 */
export interface TableFilter<Value extends StandardSchemaV1 = StandardSchemaV1, Argument extends StandardSchemaV1 = StandardSchemaV1> {
  readonly argument: Argument
  keep(value: StandardSchemaV1.InferOutput<Value>, argument: StandardSchemaV1.InferOutput<Argument>, key: string): boolean
}

/** The schemas of filters' arguments, by the names of the filters. */
export type FilterArguments = Readonly<Record<string, StandardSchemaV1>>

type FiltersBy<Value extends StandardSchemaV1, F extends FilterArguments> = { readonly [N in keyof F]: TableFilter<Value, F[N]> }

export type TableDurability = "memory" | "disk"

export interface TableOptions<
  Key extends KeySchema,
  Value extends StandardSchemaV1,
  P extends PresenceSchema = undefined,
  F extends FilterArguments = Record<never, never>,
> {
  readonly key: Key
  readonly value: Value
  /** What a subscriber may choose rows by, beside their keys. */
  readonly filters?: FiltersBy<Value, F>
  /** Lets sessions be present on the channel, each with a state that this schema takes. */
  readonly presence?: P
  /** Updates per second that a subscriber is sent at most, at least 1/60. Default: as often as there are any, and it can keep up. */
  readonly maxRate?: number
  /**
   * `disk`: what is acknowledged is as durable as the server's storage makes it. `memory`: acknowledged at once, nothing is
   * written; a restart begins with an empty table, and its subscribers are told. On one server only. Default `disk`.
   */
  readonly durability?: TableDurability
  /** Time after which a row leaves that was not written again, in milliseconds. Default: it stays. */
  readonly expiresAfterMs?: number
}

/** The newest value by key, each with a version; subscribers have the newest at most one interval after a burst [G6, G7]. */
export interface TableKind<
  Key extends KeySchema = KeySchema,
  Value extends StandardSchemaV1 = StandardSchemaV1,
  P extends PresenceSchema = PresenceSchema,
  F extends FilterArguments = FilterArguments,
> {
  readonly kind: "table"
  readonly key: Key
  readonly value: Value
  readonly filters: FiltersBy<Value, F>
  readonly presence: P
  readonly maxRate: number | undefined
  readonly durability: TableDurability
  readonly expiresAfterMs: number | undefined
  /** A table has rows and no messages. */
  readonly messages: Readonly<Record<never, never>>
}

export function table<
  const Key extends KeySchema,
  const Value extends StandardSchemaV1,
  P extends PresenceSchema = undefined,
  const F extends FilterArguments = Record<never, never>,
>(options: TableOptions<Key, Value, P, F>): TableKind<Key, Value, NoInfer<P>, NoInfer<F>> {
  const { key, value, filters = {} as FiltersBy<Value, F>, presence, maxRate, durability = "disk", expiresAfterMs } = options
  return Object.freeze({
    kind: "table",
    key,
    value,
    filters: Object.freeze({ ...filters }),
    presence: presence as NoInfer<P>,
    maxRate,
    durability,
    expiresAfterMs,
    messages: Object.freeze({}),
  })
}

/** An update in a minute: no slower one is offered. */
const LEAST_RATE = 1 / 60
/** The longest time that a log stores. */
const LONGEST_MS = 2 ** 51

/** Why there can be no such table; undefined where there can. */
export function faultInTable({ key, value, filters, maxRate, durability, expiresAfterMs }: TableKind): string | undefined {
  if (typeof key?.["~standard"]?.validate !== "function") return "key needs a Standard Schema (zod, valibot, arktype)"
  if (typeof value?.["~standard"]?.validate !== "function") return "value needs a Standard Schema (zod, valibot, arktype)"
  for (const [name, { argument, keep }] of Object.entries<Partial<TableFilter>>(filters)) {
    if (name.length > 64) return "a filter has a name of at most 64 characters"
    if (typeof argument?.["~standard"]?.validate !== "function") return `the argument of filter "${name}" needs a Standard Schema`
    if (typeof keep !== "function") return `filter "${name}" needs a function keep`
  }
  if (!["memory", "disk"].includes(durability)) return 'durability must be "memory" or "disk"'
  if (maxRate !== undefined && !(Number.isFinite(maxRate) && maxRate >= LEAST_RATE)) return "maxRate must be a number of at least 1/60"
  if (expiresAfterMs !== undefined && !(Number.isSafeInteger(expiresAfterMs) && expiresAfterMs >= 1 && expiresAfterMs <= LONGEST_MS))
    return "expiresAfterMs must be a whole number of 1 to 2 ** 51"
  return undefined
}
