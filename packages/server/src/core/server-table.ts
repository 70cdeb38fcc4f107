import type { TableRow } from "@magpie/journal"
import { isMagpieError, type Limits, type RowInput, type RowKey, type RowValue, type TableKind, validateKey } from "@magpie/protocol"
import type { Followers } from "../channel/followers.ts"
import { refusedWrite, rowWriteOf, type WantedWrite } from "../kinds/row-write.ts"
import { type AnyServerChannel, receiptOf, type ServerPublishOptions, type ServerReceipt } from "./server-receipt.ts"
import type { TablesLog } from "./tables-log.ts"

/** A row as server code reads it. */
export interface ServerRow<K> {
  readonly value: RowValue<K>
  /** Offset of its last write. */
  readonly version: number
  /** When that was, in milliseconds since 1970. */
  readonly at: number
  readonly from: string | undefined
}

export interface ServerWriteOptions extends ServerPublishOptions {
  /** The version that the row must be of, 0 where it must not be there. Else it fails with CONFLICT, and `details.row` is what is there. */
  readonly expected?: number
}

export interface ServerTable<K> extends AnyServerChannel {
  readonly kind: "table"
  /** What is there now; undefined where nothing is. */
  get(key: RowKey<K>): ServerRow<K> | undefined
  /** Gives a row its value. Resolves when it is durable [G1]. Fails with BAD_REQUEST, CONFLICT, TOO_LARGE, LIMIT_EXCEEDED, EXPIRED, UNAVAILABLE, STORAGE_FENCED or CLOSED. */
  set(key: RowKey<K>, value: RowInput<K>, options?: ServerWriteOptions): Promise<ServerReceipt>
  /** Gives some fields of a row new values; as `set`, and fails with CONFLICT where the row is not there. */
  merge(key: RowKey<K>, fields: Partial<RowInput<K>>, options?: ServerWriteOptions): Promise<ServerReceipt>
  /** Takes a row away; as `merge`. */
  delete(key: RowKey<K>, options?: ServerWriteOptions): Promise<ServerReceipt>
  /**
   * Sets a row to what `change` makes of what is there, again and again until nobody wrote it meanwhile, at most 100 times; then
   * fails with CONFLICT. Resolves to what it made. `change` may throw to give up.
   */
  update(key: RowKey<K>, change: (value: RowValue<K> | undefined) => RowInput<K>, options?: ServerPublishOptions): Promise<ServerReceipt>
}

export interface ServerTableContext {
  readonly log: TablesLog
  readonly followers: Followers
  readonly limits: Limits
}

const MOST_TRIES = 100

export function createServerTable(
  name: string,
  pattern: string,
  kind: TableKind,
  { log, followers, limits }: ServerTableContext,
): ServerTable<TableKind> {
  async function write(wanted: WantedWrite, { from, key }: ServerPublishOptions = {}): Promise<ServerReceipt> {
    const its = rowWriteOf(kind, name, { ...wanted, key: validateKey(kind, wanted.key) }, { log, limits })
    const outcome = await log.write({ channel: name, pattern, write: its, from, key: key === undefined ? undefined : `server/${key}` })
    if (outcome.result === "refused") throw refusedWrite(outcome.code, log.row(name, its.key))
    return receiptOf(outcome, log.levelOf(name))
  }

  return {
    kind: "table",
    name,
    get subscribers() {
      return followers.count(name)
    },
    get: (key) => rowOf(log.row(name, key)),
    set: (key, data, { expected, ...options } = {}) => write({ action: "set", key, data, expected }, options),
    merge: (key, data, { expected, ...options } = {}) => write({ action: "merge", key, data, expected }, options),
    delete: (key, { expected, ...options } = {}) => write({ action: "delete", key, expected }, options),
    async update(key, change, options) {
      for (let tries = 1; ; tries++) {
        const row = log.row(name, key)
        try {
          return await write({ action: "set", key, data: change(rowOf(row)?.value), expected: row?.version ?? 0 }, options)
        } catch (failure) {
          if (tries >= MOST_TRIES || !isConflict(failure)) throw failure
        }
      }
    },
  }
}

function isConflict(failure: unknown): boolean {
  return isMagpieError(failure) && failure.code === "CONFLICT" && failure.details?.row !== undefined
}

function rowOf(row: TableRow | undefined): ServerRow<TableKind> | undefined {
  if (row?.data === undefined) return undefined
  const { version, at, from, data } = row
  return { value: JSON.parse(data) as unknown, version, at, from }
}
