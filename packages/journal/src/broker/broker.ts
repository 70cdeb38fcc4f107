import type { AckLevel, Env } from "@magpie/protocol"
import type { Bus } from "../bus.ts"
import type { Journal, JournalPlace } from "../journal.ts"

/** What can be said of a broker before anybody connects to it. */
export interface BrokerCapabilities {
  /** What an acknowledgement may mean, weakest first. Which of them it is, the broker's settings decide and the journal's `capabilities` say. */
  readonly levels: readonly AckLevel[]
  /** Whether nodes let go of records behind snapshots. Where false, only the broker's own retention does. */
  readonly trims: boolean
  /** What carries the bus: the broker's pub/sub, which keeps nothing, or a short-lived log of its own. */
  readonly bus: "pub/sub" | "log"
}

/**
 * What an adapter's factory returns, as `redis({ url })` does: a broker that a server opens with its own clock, randomness
 * and log. Nothing is connected before.
 */
export interface BrokerAdapter {
  /** The broker's name, for logs and for people. */
  readonly name: string
  readonly capabilities: BrokerCapabilities
  openJournal(env: Env): Journal
  openBus(env: Env): Bus
}

/** A record at its position. */
export interface BrokerRecord {
  readonly position: number
  readonly record: Uint8Array
}

/** What an adapter supplies of its broker's log; `brokerJournal` makes a journal of it. Whatever it rejects with is translated there. */
export interface JournalBroker {
  readonly name: string
  readonly partitions: number
  readonly trims: boolean
  /**
   * Connects, and makes the log where there is none. Fails with INVALID_OPTIONS where the broker has another log than the
   * options say or cannot carry one. `onLost` is called when the connection broke; also when what it reads and writes is no
   * longer the log that it connected to.
   */
  connect(onLost: (cause?: unknown) => void): Promise<JournalConnection>
}

export interface JournalConnection {
  /** What the broker's own settings make of an acknowledgement, as far as they could be read. */
  readonly level: AckLevel
  /** Resolves when the broker has acknowledged all records. */
  append(partition: number, records: readonly Uint8Array[]): Promise<void>
  trim(partition: number, before: number): Promise<void>
  /** As the broker says now. Asked each second, and on each connect. */
  place(partition: number): Promise<JournalPlace>
  read(partition: number, from: number): RecordReader
  /** Ends its readers; does not wait for a broker that is out of reach. Idempotent. */
  close(): Promise<void>
}

/** Reads a partition in order. Whoever reads decides when more comes. */
export interface RecordReader {
  /** What comes next, growing in position, as soon as there is any; perhaps nothing after a while, or when it was stopped. */
  next(): Promise<readonly BrokerRecord[]>
  /** A `next` under way settles. Idempotent. */
  stop(): void
}

/** What an adapter supplies of its broker's pub/sub; `brokerBus` makes a bus of it. */
export interface BusBroker {
  readonly name: string
  /** `hear` is told what comes on a subject, and copies what it keeps. */
  connect(hear: (subject: string, message: Uint8Array) => void, onLost: (cause?: unknown) => void): Promise<BusConnection>
}

/** None of these fails: what cannot be done is told by `onLost`. */
export interface BusConnection {
  publish(subject: string, message: Uint8Array): void
  subscribe(subject: string): void
  unsubscribe(subject: string): void
  close(): Promise<void>
}
