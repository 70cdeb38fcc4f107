import type { JournalBroker, JournalConnection, JournalPlace, RecordReader } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import {
  Admin,
  type ClusterTopicMetadata,
  ConfigResourceTypes,
  Consumer,
  ListOffsetTimestamps,
  ProduceAcks,
  Producer,
} from "@platformatic/kafka"
import { baseOptions, type ClientOptions, closeQuietly, madeTopic, topicOf } from "./client.ts"
import { topicReader } from "./topic-reader.ts"

export interface KafkaLogOptions extends ClientOptions {
  readonly name: string
  readonly partitions: number
  readonly replicas: number
}

/** A batch of ours and what Kafka writes beside it. */
const MOST_BATCH_BYTES = "4194304"
/** From so many copies on a majority has a record before it is acknowledged. */
const QUORUM_REPLICAS = 3

/** What an answer may mean, weakest first. */
export const LEVELS = ["memory", "process", "disk", "quorum"] as const
type Level = (typeof LEVELS)[number]
/** Whether nodes let go of records. */
export const TRIMS = true

/** A log in Kafka: one topic with our partitions. */
export function kafkaLog(options: KafkaLogOptions): JournalBroker {
  return {
    name: "kafka",
    partitions: options.partitions,
    trims: TRIMS,
    async connect(onLost) {
      const admin = new Admin(baseOptions(options))
      const producer = new Producer({ ...baseOptions(options), idempotent: true, acks: ProduceAcks.ALL })
      const asking = new Consumer({ ...baseOptions(options), groupId: "magpie" })
      try {
        const topic = await madeTopic(admin, asking, { topic: topicName(options), ...options, configs: configsFor(options) })
        if (topic.partitionsCount !== options.partitions) {
          throw new MagpieError("INVALID_OPTIONS", `partitions: the log ${options.name} was made with ${topic.partitionsCount}`, {
            details: { option: "partitions" },
          })
        }
        await producer.initIdempotentProducer({})
        const level = await levelOf(admin, topicName(options), topic)
        for (const client of [admin, producer, asking]) client.on("client:broker:disconnect", () => onLost())
        return new KafkaConnection({ options, admin, producer, asking, topic, level, onLost })
      } catch (cause) {
        closeQuietly(admin, producer, asking)
        throw cause
      }
    },
  }
}

const topicName = ({ name }: KafkaLogOptions): string => `${name}.journal`

/** Nothing is let go of but by `trim`, and no copy that lags takes over. */
function configsFor({ replicas }: KafkaLogOptions): Readonly<Record<string, string>> {
  return {
    ...{ "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "max.message.bytes": MOST_BATCH_BYTES },
    "unclean.leader.election.enable": "false",
    "min.insync.replicas": replicas >= QUORUM_REPLICAS ? "2" : "1",
  }
}

/** Kafka answers when a record is with the operating systems of the copies that must have it. */
async function levelOf(admin: Admin, name: string, { partitions }: ClusterTopicMetadata): Promise<Level> {
  const configurationKeys = ["min.insync.replicas", "unclean.leader.election.enable", "flush.messages"]
  const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configurationKeys }]
  const found = await admin.describeConfigs({ resources }).catch(() => [])
  const settings = new Map((found[0]?.configs ?? []).map((config) => [config.name, config.value]))
  // Where they may not be read nothing is known of copies that lag.
  if (settings.size === 0 || settings.get("unclean.leader.election.enable") !== "false") return "memory"
  const copies = Math.min(...partitions.map(({ replicas }) => replicas.length))
  if (copies >= QUORUM_REPLICAS && 2 * Number(settings.get("min.insync.replicas")) > copies) return "quorum"
  return settings.get("flush.messages") === "1" ? "disk" : "process"
}

interface Opened {
  readonly options: KafkaLogOptions
  readonly admin: Admin
  readonly producer: Producer
  readonly asking: Consumer
  readonly topic: ClusterTopicMetadata
  readonly level: Level
  readonly onLost: (cause?: unknown) => void
}

class KafkaConnection implements JournalConnection {
  readonly level: Level
  readonly #opened: Opened
  readonly #readers = new Set<RecordReader>()
  /** By partition: the append that was called last. */
  readonly #appends = new Map<number, Promise<void>>()

  constructor(opened: Opened) {
    this.#opened = opened
    this.level = opened.level
  }

  /**
   * One after the other in each partition, because the producer numbers what it sends when it knows what became of the one
   * before. After a failure it does not: the next number might be that of a record that landed, and Kafka would take what
   * comes under it for a repetition. So a failure ends the connection and its producer with it.
   */
  append(partition: number, records: readonly Uint8Array[]): Promise<void> {
    const appended = (this.#appends.get(partition) ?? Promise.resolve()).then(() => this.#send(partition, records))
    this.#appends.set(partition, appended)
    appended.catch(this.#opened.onLost)
    return appended
  }

  async #send(partition: number, records: readonly Uint8Array[]): Promise<void> {
    const topic = topicName(this.#opened.options)
    const messages = records.map((record) => ({
      topic,
      partition,
      value: Buffer.from(record.buffer, record.byteOffset, record.byteLength),
    }))
    await this.#opened.producer.send({ messages })
  }

  async trim(partition: number, before: number): Promise<void> {
    const name = topicName(this.#opened.options)
    await this.#opened.admin.deleteRecords({ topics: [{ name, partitions: [{ partition, offset: BigInt(before - 1) }] }] })
  }

  async place(partition: number): Promise<JournalPlace> {
    const { admin, asking, options, topic: known, onLost } = this.#opened
    const name = topicName(options)
    const topic = await topicOf(admin, name)
    const epoch = topic.partitions[partition]?.leaderEpoch
    if (topic.id !== known.id || epoch !== known.partitions[partition]?.leaderEpoch) {
      const error = new MagpieError("UNAVAILABLE", "another copy of the log in Kafka took over")
      onLost(error)
      throw error
    }
    const offsets = async (timestamp: bigint): Promise<number> => {
      const found = await asking.listOffsets({ topics: [name], partitions: { [name]: [partition] }, timestamp })
      return Number(found.get(name)?.[partition] ?? 0n)
    }
    const oldest = await offsets(ListOffsetTimestamps.EARLIEST)
    const newest = await offsets(ListOffsetTimestamps.LATEST)
    return { incarnation: `${known.id}.${epoch}`, oldest: oldest + 1, newest }
  }

  read(partition: number, from: number): RecordReader {
    const { options, topic } = this.#opened
    const { leader, leaderEpoch } = topic.partitions[partition] ?? { leader: -1, leaderEpoch: -1 }
    const reader = topicReader({
      ...options,
      ...{ topicId: topic.id, partition, leader, leaderEpoch, from: BigInt(Math.max(0, from - 1)) },
      onStop: () => this.#readers.delete(reader),
    })
    this.#readers.add(reader)
    return reader
  }

  async close(): Promise<void> {
    const { admin, producer, asking } = this.#opened
    for (const reader of [...this.#readers]) reader.stop()
    closeQuietly(admin, producer, asking)
  }
}
