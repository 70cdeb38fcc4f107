import type { Barrier } from "./barrier.ts"
import type { PartitionLog } from "./partition-log.ts"

/** One partition as this node sees it, since the log was opened. */
export interface PartitionStatistics {
  /** Of the last record that was applied. */
  readonly position: number
  /** The newest position that this node has heard of. A broker out of reach says nothing: look at `controlLagMs` too. */
  readonly newest: number
  /** How many positions lie between: what Kafka calls the consumer's lag. Holes count. */
  readonly lag: number
  /** Whether the node knows this partition's log. */
  readonly ready: boolean
  /** How often the state was given up for another one, because the log had lost or trimmed what it stood on. */
  readonly rebuilds: number
  /** Records that nobody can read, left out on all nodes alike. */
  readonly poison: number
}

export interface SharedLogStatistics {
  /** By number; the first one is the control partition. */
  readonly partitions: readonly PartitionStatistics[]
  /** Entries of this node that were acknowledged by the broker and applied here. */
  readonly appended: number
  /** Milliseconds from handing an entry in until both: the sum, for a mean over any interval, and the longest. */
  readonly appendMs: number
  readonly longestAppendMs: number
  /** Clients that were ahead of this node and waited for it with success. */
  readonly barrierWaits: number
  /** How old, at most, what this node knows of the control partition is; Infinity while it does not know it at all. */
  readonly controlLagMs: number
}

export function statisticsOf(
  partitions: readonly PartitionLog[],
  barriers: readonly Pick<Barrier, "passed">[],
  controlLagMs: number,
): SharedLogStatistics {
  const appends = partitions.map(({ appender }) => appender.counters)
  return {
    partitions: partitions.map(partitionStatistics),
    appended: sum(appends.map(({ done }) => done)),
    appendMs: sum(appends.map(({ totalMs }) => totalMs)),
    longestAppendMs: Math.max(...appends.map(({ longestMs }) => longestMs)),
    barrierWaits: sum(barriers.map(({ passed }) => passed)),
    controlLagMs,
  }
}

function partitionStatistics({ machine, counters, isReady }: PartitionLog): PartitionStatistics {
  const { position } = machine
  const { newest, rebuilds, poison } = counters
  return { position, newest, lag: Math.max(0, newest - position), ready: isReady, rebuilds, poison }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
