import type { AckLevel, MagpieError } from "@magpie/protocol"

/** What an adapter can do. Callers and the conformance suite read the same object. */
export interface JournalCapabilities {
  /** What a resolved `append` means, at most. May change when a broker's settings do; `memory` until they are known. */
  readonly level: AckLevel
  /** Numbered from 0. Where there are several, the log keeps partition 0 for what concerns all nodes. */
  readonly partitions: number
  /**
   * Whether the log outlives the process by itself. Where false (the embedded journal), an entry becomes durable in the
   * transaction that applies it, and `append` resolves when the tail's reader has settled the batch.
   */
  readonly retained: boolean
  /** Whether `trim` lets go of records. Where false, only the broker's own retention does. */
  readonly trims: boolean
}

/** What a journal says of a partition each time it connects. */
export interface JournalPlace {
  /**
   * Names the life of the log. It changes when the broker started anew or another copy of the log took over, whether or not
   * records were lost by that; it stays the same across a mere loss of the connection.
   */
  readonly incarnation: string
  /** From here on nothing was trimmed: 1 in a whole log, and behind the newest record where everything was trimmed. */
  readonly oldest: number
  /** The position of the newest record at this moment; `oldest - 1` where there is none. */
  readonly newest: number
}

/** A run of records of one partition, in the log's order, at the positions `first`, `first + 1` and so on. A hole ends a batch. */
export interface JournalBatch<R> {
  readonly partition: number
  readonly first: number
  readonly records: readonly R[]
  /** The newest position that the adapter knows of, where it does; it tells how far the reader lags and decides nothing. */
  readonly newest?: number | undefined
}

/** Who reads a partition. Its answers are awaited: nothing comes meanwhile. */
export interface JournalReader<R> {
  /**
   * Called on each connect before any batch of it, and where what comes next was trimmed. Returns the position to read from,
   * itself included; a record at that position is the first one delivered where there is one.
   */
  connected(place: JournalPlace): number | Promise<number>
  /** A rejection ends the tail, and fails the appends of a journal that is not retained. */
  deliver(batch: JournalBatch<R>): Promise<void>
  /** The broker can never be of use as it is set up (INVALID_OPTIONS): the tail has ended before it began. */
  refused?(cause: MagpieError): void
}

export interface Tail {
  /** Waits for a delivery under way. Nothing is delivered after the call. */
  stop(): Promise<void>
}

/**
 * An ordered durable log of records, cut into partitions. Positions are whole numbers from 1 that grow along a partition
 * and may leave holes; a log that lost its end hands positions out again.
 *
 * At least once: an append that failed may have landed or may land later, also after appends that came behind it, and any
 * may land more than once. A tail may go back and repeat what it delivered. Of two appends of which the second was called
 * after the first had resolved, the first comes first.
 */
export interface Journal<R = Uint8Array> {
  readonly capabilities: JournalCapabilities
  /**
   * Resolves when all records are durable as far as `capabilities.level` says. Settles within a bounded time, also while
   * the broker is out of reach. Fails with UNAVAILABLE or CLOSED (landed or not is unknown), or STORAGE_FENCED.
   */
  append(partition: number, records: readonly R[]): Promise<void>
  /** Gives every record from the place that the reader names, in order, for ever; connects again by itself. One per partition: a new one may begin while the one before has still to stop. */
  tail(partition: number, reader: JournalReader<R>): Tail
  /** Lets go of the records before a position, or of fewer. Fails with UNAVAILABLE. Does nothing where `capabilities.trims` is false. */
  trim(partition: number, before: number): Promise<void>
  /** Stops the tails, settles the appends under way; what comes after fails with CLOSED. Idempotent. */
  close(): Promise<void>
}
