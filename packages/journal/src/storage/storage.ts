import type { AckLevel } from "@magpie/protocol"

/** Keys are text, ordered by their UTF-8 bytes; values are bytes. */
export type Write = { readonly put: string; readonly value: Uint8Array } | { readonly remove: string }

export interface RangeOptions {
  /** First key, included. */
  readonly from: string
  /** End, not included. */
  readonly to: string
  readonly reverse?: boolean
  readonly limit?: number
}

export interface StorageRow {
  readonly key: string
  readonly value: Uint8Array
}

/** An ordered map on disk. Reads see exactly the commits that have resolved or are about to in this turn, never a part of one. */
export interface Storage {
  /** What a resolved commit means. */
  readonly level: AckLevel
  /**
   * Changes when the same content turns up in another place, such as a copy of the directory that was put back; together
   * with what the content says of it, that shows a restored copy.
   */
  readonly incarnation: string
  get(key: string): Uint8Array | undefined
  range(options: RangeOptions): Iterable<StorageRow>
  /**
   * Applies all writes as one, in order of the calls. Resolves when they are durable as `level` says. Once one fails, the
   * storage is fenced: it and every later commit fail with STORAGE_FENCED, or with UNAVAILABLE where nothing was written
   * and a retry can succeed (a full disk).
   */
  commit(writes: readonly Write[]): Promise<void>
  /** Waits for commits under way. Idempotent. */
  close(): Promise<void>
}
