import type { GivenRecord, NeighbourLane, NeighbourReading } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { Admin, Consumer, ListOffsetTimestamps } from "@platformatic/kafka"
import { baseOptions, type ClientOptions, closeQuietly, isError, topicOf } from "./client.ts"
import { type TopicReader, type TopicRecord, topicReader } from "./topic-reader.ts"

export interface ReadTopicOptions extends ClientOptions {
  readonly topic: string
  readonly group: string
  readonly start: "oldest" | "newest"
  readonly onLost: (cause?: unknown) => void
}

/** How soon it is noticed that the topic has more partitions, or is another one. */
const LOOK_MS = 30_000
/** A group that keeps places, and has no members. */
const NO_GENERATION = -1
const NO_MEMBER = ""
const NO_PLACE = -1n

/** Reads all partitions of a topic, from where the group is. */
export async function readTopic(options: ReadTopicOptions): Promise<NeighbourReading> {
  const { topic: name, group, onLost } = options
  const admin = new Admin(baseOptions(options))
  const places = new Consumer({ ...baseOptions(options), groupId: group })
  places.generationId = NO_GENERATION
  places.memberId = NO_MEMBER
  const readers: TopicReader[] = []
  try {
    const topic = await topicOf(admin, name)
    const starts = await startsOf(places, options, topic.partitionsCount)
    for (const client of [admin, places]) client.on("client:broker:disconnect", () => onLost())
    const look = setInterval(() => {
      topicOf(admin, name).then((now) => {
        if (now.id !== topic.id || now.partitionsCount !== topic.partitionsCount) onLost()
      }, onLost)
    }, LOOK_MS)
    const lanes = topic.partitions.slice(0, topic.partitionsCount).map(({ leader, leaderEpoch }, partition): NeighbourLane => {
      const { from, missing } = starts[partition] as Start
      const reader = topicReader({
        ...{ ...options, topicId: topic.id, partition, leader, leaderEpoch, from },
        ...{ tombstones: true, onStop: () => {} },
      })
      readers.push(reader)
      return laneOf(reader, missing, `${topic.id}/${partition}`, (offset) =>
        places.commit({ offsets: [{ topic: name, partition, offset, leaderEpoch }] }),
      )
    })
    return {
      lanes,
      async close() {
        clearInterval(look)
        for (const reader of readers) reader.stop()
        closeQuietly(admin, places)
      },
    }
  } catch (cause) {
    closeQuietly(admin, places)
    throw cause
  }
}

interface Start {
  readonly from: bigint
  /** What Kafka let go of before it was read. */
  readonly missing: number
}

/** Where each partition is read from. A place that is new is kept at once, so that a crash before the first record moves nothing. */
async function startsOf(places: Consumer, { topic, start }: ReadTopicOptions, count: number): Promise<readonly Start[]> {
  const partitions = Array.from({ length: count }, (_, partition) => partition)
  const of = async (timestamp: bigint) => (await places.listOffsets({ topics: [topic], timestamp })).get(topic) ?? []
  const kept = (await places.listCommittedOffsets({ topics: [{ topic, partitions }] })).get(topic) ?? []
  const [oldest, newest] = [await of(ListOffsetTimestamps.EARLIEST), await of(ListOffsetTimestamps.LATEST)]
  const starts = partitions.map((partition): Start => {
    const [place, first, end] = [kept[partition] ?? NO_PLACE, oldest[partition] ?? 0n, newest[partition] ?? 0n]
    if (place === NO_PLACE) return { from: start === "oldest" ? first : end, missing: 0 }
    // Behind the end it is the place of another topic.
    if (place >= first && place <= end) return { from: place, missing: 0 }
    return { from: first, missing: place < first ? Number(first - place) : 0 }
  })
  const fresh = partitions.filter((partition) => (kept[partition] ?? NO_PLACE) === NO_PLACE)
  if (fresh.length === 0) return starts
  const offsets = fresh.map((partition) => ({ topic, partition, offset: starts[partition]?.from ?? 0n, leaderEpoch: -1 }))
  await places.commit({ offsets }).catch((cause: unknown) => {
    if (!isError(cause, "UNKNOWN_MEMBER_ID") && !isError(cause, "ILLEGAL_GENERATION")) throw cause
    throw new MagpieError("INVALID_OPTIONS", "group: other consumers share the topic's partitions in it", {
      details: { option: "group" },
      cause,
    })
  })
  return starts
}

function laneOf(reader: TopicReader, missing: number, named: string, commit: (offset: bigint) => Promise<void>): NeighbourLane {
  let given: number | undefined
  return {
    missing,
    async next() {
      const records = await reader.next()
      given = records.at(-1)?.position ?? given
      return records.map((record) => givenOf(record, named))
    },
    // The position of a record is the offset of the next one.
    settle: async () => (given === undefined ? undefined : commit(BigInt(given))),
  }
}

function givenOf({ key, record, headers, position, at }: TopicRecord, named: string): GivenRecord {
  return {
    id: `${named}/${position - 1}`,
    key: key === null ? undefined : Buffer.from(key).toString(),
    value: record,
    headers: Object.fromEntries(headers.map(([name, value]) => [String(name ?? ""), String(value ?? "")])),
    at,
  }
}
