import type { BrokerRecord, RecordReader } from "@magpie/journal"
import { Consumer } from "@platformatic/kafka"
import { baseOptions, type ClientOptions, closeQuietly } from "./client.ts"

/** Control records, which transactions leave, count in a log but are nobody's. */
const CONTROL_BATCH = 0x20
const WAIT_MS = 5_000
const MOST_BYTES = 4_194_304
const NOTHING = new Uint8Array()

export interface TopicReaderOptions extends ClientOptions {
  readonly topicId: string
  readonly partition: number
  readonly leader: number
  /** What the reader takes to be true; the broker refuses when it is no longer so. */
  readonly leaderEpoch: number
  /** The first offset to be read. */
  readonly from: bigint
  /** Whether records without a value are given too, as empty ones. */
  readonly tombstones?: boolean
  readonly onStop: () => void
}

/** A record with what an application put beside it. */
export interface TopicRecord extends BrokerRecord {
  readonly key: Uint8Array | null
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[]
  /** When it was written, in milliseconds since 1970. */
  readonly at: number
}

export interface TopicReader extends RecordReader {
  next(): Promise<readonly TopicRecord[]>
}

/** Reads one partition from its leader, on a connection of its own: a request that waits for records holds up those behind it. */
export function topicReader(options: TopicReaderOptions): TopicReader {
  const { topicId, partition, leader, leaderEpoch, tombstones = false, onStop } = options
  const consumer = new Consumer({ ...baseOptions(options), groupId: "magpie", maxWaitTime: WAIT_MS, minBytes: 1, maxBytes: MOST_BYTES })
  let offset = options.from
  let stopped = false
  let wake = (): void => {}
  const stop = new Promise<void>((resolve) => {
    wake = resolve
  })
  const untilStopped = stop.then(() => undefined)

  async function fetched(): Promise<Awaited<ReturnType<TopicReader["next"]>>> {
    const answer = await consumer.fetch({
      node: leader,
      topics: [
        {
          topicId,
          partitions: [
            { partition, currentLeaderEpoch: leaderEpoch, fetchOffset: offset, lastFetchedEpoch: -1, partitionMaxBytes: MOST_BYTES },
          ],
        },
      ],
    })
    const batches = answer.responses[0]?.partitions[0]?.records ?? []
    const records = []
    for (const { firstOffset, firstTimestamp, lastOffsetDelta, attributes, records: contained } of batches) {
      for (const { offsetDelta, timestampDelta, key, value, headers } of contained) {
        const at = firstOffset + BigInt(offsetDelta)
        // A batch is given whole, also where the reader begins within it.
        if (at < offset || attributes & CONTROL_BATCH || (value === null && !tombstones)) continue
        records.push({ position: Number(at) + 1, record: value ?? NOTHING, key, headers, at: Number(firstTimestamp + timestampDelta) })
      }
      const behind = firstOffset + BigInt(lastOffsetDelta) + 1n
      if (behind > offset) offset = behind
    }
    return records
  }

  return {
    async next() {
      while (!stopped) {
        const fetching = fetched()
        fetching.catch(() => {})
        const records = await Promise.race([fetching, untilStopped])
        if (records !== undefined && records.length > 0) return records
      }
      return []
    },
    stop() {
      if (stopped) return
      stopped = true
      wake()
      closeQuietly(consumer)
      onStop()
    },
  }
}
