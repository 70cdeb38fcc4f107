import { MagpieError, type RowField, type RowFilter, type RowInput, type RowKey, type RowValue } from "@magpie/protocol"
import { badField } from "../bad-field.ts"
import type { Receipt, SendOptions, TableChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import { createListeners, type ListenersOf } from "../listeners.ts"
import { randomName } from "../random-name.ts"
import { createFollowing, type FollowingOptions } from "./following.ts"

/** A row as this client was told of it. */
export interface Row<Value> {
  readonly value: Value
  /** Offset of its last write. */
  readonly version: number
  /** When that was: server time, milliseconds since 1970. */
  readonly at: number
  /** The writer's user id; undefined for the server itself and for anonymous ones. */
  readonly from: string | undefined
}

export type TableState =
  /** Asked for, not yet answered, or not all rows are there yet. What was known stands still. */
  | { readonly state: "loading" }
  | { readonly state: "live" }
  /** The server refused or ended it. */
  | { readonly state: "refused"; readonly error: MagpieError }
  | { readonly state: "closed" }

export interface TableChange<Key extends string = string> {
  /** Rows that are now something else, came, or are gone. */
  readonly keys: readonly Key[]
  /** Updates of them that were left out, for the rate or a slow link. Exact, but for what was missed before a new beginning [G6]. */
  readonly skipped: number
}

export interface TableEvents<Key extends string = string> {
  change: TableChange<Key>
  state: TableState
  rate: TableRate
}

/** How often there are updates at most. */
export interface TableRate {
  /** In a second; undefined for as many as there are. */
  readonly rate: number | undefined
  /** Why that is less than was asked: `maxBytesPerSecond`, or a link that does not take them in time. */
  readonly slowedBy: "bytes" | "link" | undefined
}

export interface TableOptions<Key extends string, Field extends string = string, Filter = Readonly<Record<string, unknown>>> {
  /** The rows to follow. Default: all. */
  readonly keys?: readonly Key[]
  /** How the keys of the rows begin, instead. */
  readonly prefix?: string
  /** What to be told of each row. Default: all of it. Who has some fields only writes with `set` and `merge`, and not with `update`. */
  readonly fields?: readonly Field[]
  /** One filter of the contract with its argument, `{ sector: "tech" }`: of the rows above those that it keeps. */
  readonly filter?: Filter
  /** Updates per second at most, at least 1/60. Default: as the contract and the link allow. */
  readonly rate?: number
  /** Bytes of updates per second, on average, at least 1; the rate falls to what they allow. What is there at the beginning does not count. */
  readonly maxBytesPerSecond?: number
}

export interface WriteOptions extends SendOptions {
  /** The version that the row must be of, 0 where it must not be there. Else it fails with CONFLICT, and `details.row` is what is there, or null. */
  readonly expected?: number
}

/** A table of whose rows some fields are followed. */
export interface PartialTable<K, Field extends string> extends Omit<Table<K>, "rows" | "update"> {
  readonly rows: ReadonlyMap<RowKey<K>, Row<Pick<RowValue<K>, Field & keyof RowValue<K>>>>
}

/** A table that is followed, from when it is opened until `close`. */
export interface Table<K> {
  /** Live: the same object, changed before `change` is told. */
  readonly rows: ReadonlyMap<RowKey<K>, Row<RowValue<K>>>
  readonly state: TableState
  /** As the server gives it now, said with the first update of it. Before the first answer nothing is known. */
  readonly rate: TableRate
  /** All updates that were left out since the beginning. */
  readonly skipped: number
  on<E extends keyof TableEvents>(event: E, listener: (value: TableEvents<RowKey<K>>[E]) => void): () => void
  /** Resolves when it is durable, as a stream's `send` does, and fails as that; also with CONFLICT, TOO_LARGE and LIMIT_EXCEEDED. */
  set(key: RowKey<K>, value: RowInput<K>, options?: WriteOptions): Promise<Receipt>
  /** Gives some fields new values. Fails with CONFLICT where the row is not there. */
  merge(key: RowKey<K>, fields: Partial<RowInput<K>>, options?: WriteOptions): Promise<Receipt>
  /** Fails with CONFLICT where the row is not there. */
  delete(key: RowKey<K>, options?: WriteOptions): Promise<Receipt>
  /** Sets a row to what `change` makes of what is there, again until nobody wrote it meanwhile, at most 100 times. `change` may throw to give up. */
  update(key: RowKey<K>, change: (value: RowValue<K> | undefined) => RowInput<K>, options?: SendOptions): Promise<Receipt>
  /** Updates per second at most, from now on; undefined for as many as there are. */
  setRate(rate: number | undefined): void
  /** Bytes per second at most, from now on; undefined for no bound. */
  setMaxBytesPerSecond(maxBytesPerSecond: number | undefined): void
  /** Follows no longer. Idempotent. */
  close(): void
}

const MOST_TRIES = 100
/** The server knows no longer time between two updates than a minute. */
const LEAST_RATE = 1 / 60
const OPENED = new WeakSet<object>()

/**
 * Follows the rows of a table and writes them. One at a time for each channel. Fails with BAD_REQUEST on what is no channel of a
 * client or an option that is none, CONFLICT where it is open already, and CLOSED.
 */
export function table<K, Unknown extends undefined, Field extends RowField<K>>(
  channel: TableChannel<K, Unknown>,
  options: TableOptions<RowKey<K>, Field, RowFilter<K>> & { readonly fields: readonly Field[] },
): PartialTable<K, Field>
export function table<K, Unknown extends undefined>(
  channel: TableChannel<K, Unknown>,
  options?: TableOptions<RowKey<K>, RowField<K>, RowFilter<K>> & { readonly fields?: never },
): Table<K>
export function table<K, Unknown extends undefined>(channel: TableChannel<K, Unknown>, options: TableOptions<string> = {}): Table<K> {
  const inside = extend(channel)
  const { name, outbox, random, start, onError } = inside
  if (options.keys !== undefined && options.prefix !== undefined) throw badField("prefix", "does not go with keys")
  const pace = { ...intervalOf(options.rate), ...boundOf(options.maxBytesPerSecond) }
  start()
  if (OPENED.has(channel)) throw new MagpieError("CONFLICT", `the table "${name}" is open already`)
  OPENED.add(channel)
  let skipped = 0
  const listeners: ListenersOf<TableEvents> = {
    change: createListeners(onError, name),
    state: createListeners(onError, name),
    rate: createListeners(onError, name),
  }
  const following = createFollowing(inside, {
    choice: choiceOf(options),
    pace,
    changed(change) {
      skipped += change.skipped
      listeners.change.emit(change)
    },
    rateChanged: (rate) => listeners.rate.emit(rate),
    stateChanged(state) {
      listeners.state.emit(state)
      if (state.state !== "closed") return
      OPENED.delete(channel)
      for (const each of Object.values(listeners)) each.clear()
    },
  })

  async function write(data: object, { ref = randomName(random, 8), ...patience }: SendOptions = {}): Promise<Receipt> {
    start()
    return outbox.send(name, { name: "$row", data, ref }, patience)
  }

  const its: Table<unknown> = {
    rows: following.rows as never,
    get state() {
      return following.state
    },
    get rate() {
      return following.rate
    },
    get skipped() {
      return skipped
    },
    on: (event, listener) => listeners[event].add(listener as never),
    set: (key, data, { expected, ...rest } = {}) => write({ action: "set", key, data, expected }, rest),
    merge: (key, data, { expected, ...rest } = {}) => write({ action: "merge", key, data, expected }, rest),
    delete: (key, { expected, ...rest } = {}) => write({ action: "delete", key, expected }, rest),
    async update(key, change, rest) {
      if (options.fields !== undefined) throw badField("fields", "leave nothing to update a whole row from: use merge")
      let row: { readonly value: unknown; readonly version: number } | undefined = following.rows.get(key)
      for (let tries = 1; ; tries++) {
        const data = change(row?.value as never)
        try {
          return await write({ action: "set", key, data, expected: row?.version ?? 0 }, rest)
        } catch (thrown) {
          const there = rowOf(thrown)
          if (there === "none" || tries >= MOST_TRIES) throw thrown
          row = there
        }
      }
    },
    setRate: (rate) => following.setPace(intervalOf(rate)),
    setMaxBytesPerSecond: (bytes) => following.setPace(boundOf(bytes)),
    close: following.close,
  }
  // The server took keys and values through the contract's schemas.
  return its as unknown as Table<K>
}

/** What of the options the server is told, without what is left out. */
function choiceOf({ keys, prefix, fields, filter }: TableOptions<string>): FollowingOptions["choice"] {
  const [named, ...others] = Object.entries(filter ?? {})
  if (others.length > 0 || (filter !== undefined && named === undefined)) throw badField("filter", "names one filter of the contract")
  return {
    ...(keys && { keys }),
    ...(prefix !== undefined && { prefix }),
    ...(fields && { fields }),
    ...(named && { filter: { name: named[0], argument: named[1] } }),
  }
}

/** The row that a conflict is about, undefined where it is not there; "none" where this is no such conflict. */
function rowOf(thrown: unknown): { readonly value: unknown; readonly version: number } | undefined | "none" {
  const row = thrown instanceof MagpieError && thrown.code === "CONFLICT" ? thrown.details?.row : undefined
  if (row === undefined) return "none"
  const { version, data } = Object(row) as { readonly version?: number; readonly data?: unknown }
  return version === undefined ? undefined : { value: data, version }
}

function intervalOf(rate: number | undefined): { readonly intervalMs: number | undefined } {
  if (rate === undefined) return { intervalMs: undefined }
  if (!(Number.isFinite(rate) && rate >= LEAST_RATE)) throw badField("rate", "must be a number of at least 1/60")
  return { intervalMs: Math.ceil(1_000 / rate) }
}

function boundOf(maxBytesPerSecond: number | undefined): { readonly maxBytesPerSecond: number | undefined } {
  if (maxBytesPerSecond !== undefined && !(Number.isSafeInteger(maxBytesPerSecond) && maxBytesPerSecond >= 1))
    throw badField("maxBytesPerSecond", "must be a whole number of at least 1")
  return { maxBytesPerSecond }
}
