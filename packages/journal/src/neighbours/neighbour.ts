/** A record of a topic or a queue that belongs to somebody else. */
export interface NeighbourRecord {
  /** Names it for whoever drops what comes twice, where the neighbour has a place for that. */
  readonly id?: string | undefined
  /** Records with the same key keep their order. */
  readonly key: string | undefined
  readonly value: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** A record as a neighbour gives it. */
export interface GivenRecord extends NeighbourRecord {
  /**
   * The same whenever this record is given, and never another's, also of a topic that was deleted and made anew; undefined where
   * the neighbour knows no such thing.
   */
  readonly id: string | undefined
  /** When it was written, by the neighbour's clock, in milliseconds since 1970; undefined where it does not say. */
  readonly at: number | undefined
}

/**
 * A topic or a queue of a system that exists, as `kafkaTopic({ … })` and `rabbitmqQueue({ … })` make one. Nothing is connected
 * before somebody reads or writes. `onLost` is called when the connection broke, and then it is of no use any more.
 */
export interface Neighbour {
  /** For logs and for people. */
  readonly name: string
  /** Fails with INVALID_OPTIONS where it cannot be read as the options say. */
  read(onLost: (cause?: unknown) => void): Promise<NeighbourReading>
  /** Fails with INVALID_OPTIONS where nothing can be written there. */
  write(onLost: (cause?: unknown) => void): Promise<NeighbourWriting>
}

/** A connection that reads. */
export interface NeighbourReading {
  /** What is read side by side: the partitions of a topic, or the one queue. */
  readonly lanes: readonly NeighbourLane[]
  /** A `next` under way settles. Does not wait for a neighbour that is out of reach. Idempotent. */
  close(): Promise<void>
}

/** One order of records, from behind the last one that was settled; also after a crash. */
export interface NeighbourLane {
  /** How many records the neighbour let go of before they were settled, as far as it tells. */
  readonly missing: number
  /** What comes next, bounded, as soon as there is any; perhaps nothing after a while, or when it was closed. */
  next(): Promise<readonly GivenRecord[]>
  /** All that this lane has given will not be given again. Resolves when the neighbour knows, or was told where it does not answer. */
  settle(): Promise<void>
}

/** A connection that writes. */
export interface NeighbourWriting {
  /** Resolves when the neighbour has acknowledged all of them; they stand there in this order. After a failure nobody knows which do. */
  send(records: readonly NeighbourRecord[]): Promise<void>
  close(): Promise<void>
}
