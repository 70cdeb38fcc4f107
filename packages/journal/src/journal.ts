import type { AckLevel } from "@magpie/protocol"
import type { Entry } from "./entry.ts"

/** What an adapter can do. Callers and the conformance suite read the same object. */
export interface JournalCapabilities {
  /** What a resolved `append` means, at most. */
  readonly level: AckLevel
  readonly partitions: number
  /**
   * Whether the log outlives the process by itself. Where false (the embedded journal), an entry becomes durable in the
   * transaction that applies it, and `append` resolves when the tail's consumer has settled the batch.
   */
  readonly retained: boolean
}

/** A run of entries of one partition, in the log's order. `position` is that of the last one and grows from 1. */
export interface JournalBatch {
  readonly partition: number
  readonly position: number
  readonly entries: readonly Entry[]
}

export interface Tail {
  stop(): Promise<void>
}

/** An ordered durable log of entries, cut into partitions. At least once: a consumer drops what it has applied before. */
export interface Journal {
  readonly capabilities: JournalCapabilities
  /** Resolves when durable as far as `capabilities.level` says. Fails with UNAVAILABLE, STORAGE_FENCED or CLOSED. */
  append(partition: number, entries: readonly Entry[]): Promise<void>
  /**
   * Gives every entry after `from`, in order, for ever. The next batch comes when the promise of the one before has
   * resolved; a rejection ends the tail and fails the appends that wait on it.
   */
  tail(partition: number, from: number, deliver: (batch: JournalBatch) => Promise<void>): Tail
  /** Gives its tails what was appended before, unless one of them has rejected; what comes after fails with CLOSED. Idempotent. */
  close(): Promise<void>
}
