import { type JournalBroker, type JournalConnection, type JournalPlace, RecordQueue, type RecordReader } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import {
  AckPolicy,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from "@nats-io/jetstream"
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node"
import { opened } from "./connection.ts"

export interface NatsLogOptions {
  readonly servers: readonly string[]
  readonly name: string
  readonly partitions: number
  readonly replicas: number
  readonly client: NodeConnectionOptions
}

const REQUEST_MS = 10_000
const RECORDS_PER_PULL = 256
/** A consumer that nobody asks any more is let go of by the server. */
const INACTIVE_NANOS = 30_000_000_000
/** From so many copies on, a stream is replicated by a majority before it is acknowledged. */
const QUORUM_REPLICAS = 3

/** What an answer may mean, weakest first. */
export const LEVELS = ["memory", "process", "quorum"] as const
type Level = (typeof LEVELS)[number]
/** Whether nodes let go of records. */
export const TRIMS = true

/** A log in NATS JetStream: one stream a partition. */
export function natsLog(options: NatsLogOptions): JournalBroker {
  return {
    name: "nats",
    partitions: options.partitions,
    trims: TRIMS,
    async connect(onLost) {
      const connection = await opened(options.servers, options.client, onLost)
      try {
        if (connection.info?.jetstream !== true) throw new MagpieError("INVALID_OPTIONS", "servers: this NATS runs without JetStream")
        const manager = await jetstreamManager(connection, { timeout: REQUEST_MS })
        const streams: StreamInfo[] = []
        for (let partition = 0; partition < options.partitions; partition++) streams.push(await madeStream(manager, options, partition))
        return new NatsLogConnection({ options, connection, manager, streams, onLost })
      } catch (cause) {
        await connection.close()
        throw cause
      }
    },
  }
}

const streamName = (name: string, partition: number): string => `${name}-journal-${partition}`
const subjectName = (name: string, partition: number): string => `${name}.journal.${partition}`

/** The partition's stream, made where it is missing. Several nodes may do so at once. A channel's partition follows from their number, so each stream tells it. */
async function madeStream(
  manager: JetStreamManager,
  { name, replicas, partitions }: NatsLogOptions,
  partition: number,
): Promise<StreamInfo> {
  const description = `one of ${partitions} partitions`
  const found = await infoOf(manager, streamName(name, partition))
  if (found === undefined) {
    return manager.streams.add({
      name: streamName(name, partition),
      subjects: [subjectName(name, partition)],
      description,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      num_replicas: replicas,
    })
  }
  if (found.config.description === description) return found
  throw new MagpieError("INVALID_OPTIONS", `partitions: the log ${name} is another, or was made with another number of them`, {
    details: { option: "partitions", found: found.config.description },
  })
}

async function infoOf(manager: JetStreamManager, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(stream)
  } catch (cause) {
    if (cause instanceof JetStreamApiError && cause.code === JetStreamApiCodes.StreamNotFound) return undefined
    throw cause
  }
}

/** NATS answers when a single copy is with the operating system, and flushes it to the disk within minutes: it does not say when. */
function levelOf({ config }: StreamInfo): Level {
  if (config.storage !== StorageType.File) return "memory"
  return config.num_replicas >= QUORUM_REPLICAS ? "quorum" : "process"
}

interface Opened {
  readonly options: NatsLogOptions
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  /** By partition, as they were found. */
  readonly streams: readonly StreamInfo[]
  readonly onLost: (cause?: unknown) => void
}

class NatsLogConnection implements JournalConnection {
  readonly level: Level
  readonly #opened: Opened
  readonly #client: JetStreamClient
  readonly #readers = new Set<RecordReader>()

  constructor(opened: Opened) {
    this.#opened = opened
    this.#client = jetstream(opened.connection, { timeout: REQUEST_MS })
    const levels = opened.streams.map(levelOf)
    this.level = LEVELS.find((level) => levels.includes(level)) ?? "memory"
  }

  /** They travel on one connection, so they land in order; where one of them does not land, those behind it may. */
  async append(partition: number, records: readonly Uint8Array[]): Promise<void> {
    const { name } = this.#opened.options
    const expect = { streamName: streamName(name, partition) }
    const answers = records.map((record) => this.#client.publish(subjectName(name, partition), record, { expect, timeout: REQUEST_MS }))
    const failed = (await Promise.allSettled(answers)).find(({ status }) => status === "rejected")
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
  }

  async trim(partition: number, before: number): Promise<void> {
    await this.#opened.manager.streams.purge(streamName(this.#opened.options.name, partition), { seq: before })
  }

  async place(partition: number): Promise<JournalPlace> {
    const { created, cluster, state } = await this.#info(partition)
    const newest = state.last_seq
    // A single copy lives and dies with its server; several outlive any one of them.
    const life = cluster?.name ?? this.#opened.connection.info?.server_id ?? ""
    return { incarnation: `${life}.${created}`, oldest: state.messages > 0 ? state.first_seq : newest + 1, newest }
  }

  read(partition: number, from: number): RecordReader {
    let messages: ConsumerMessages | undefined
    const queue = new RecordQueue(() => {
      this.#readers.delete(queue)
      messages?.stop()
    })
    this.#readers.add(queue)
    const pump = async (): Promise<void> => {
      messages = await this.#consume(partition, from)
      let delivered = 0
      for await (const { info, seq, data } of messages) {
        if (info.deliverySequence !== ++delivered) throw new MagpieError("UNAVAILABLE", "a record got lost on its way from NATS")
        await queue.push({ position: seq, record: data })
      }
      throw new MagpieError("UNAVAILABLE", "NATS ended the reading")
    }
    pump().catch((cause: unknown) => queue.fail(cause))
    return queue
  }

  /** A consumer ends with its stream, so the stream that is there behind its making is the one that it reads. */
  async #consume(partition: number, from: number): Promise<ConsumerMessages> {
    const consumer = await this.#opened.manager.consumers.add(streamName(this.#opened.options.name, partition), {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, from),
      inactive_threshold: INACTIVE_NANOS,
      mem_storage: true,
      num_replicas: 1,
    })
    await this.#info(partition)
    return this.#client.consumers.getConsumerFromInfo(consumer).consume({ max_messages: RECORDS_PER_PULL, abort_on_missing_resource: true })
  }

  async close(): Promise<void> {
    for (const reader of [...this.#readers]) reader.stop()
    await this.#opened.connection.close()
  }

  /** The stream as it is; a loss where it is no longer the one that was found. */
  async #info(partition: number): Promise<StreamInfo> {
    const { manager, options, streams, onLost } = this.#opened
    const info = await infoOf(manager, streamName(options.name, partition))
    if (info !== undefined && info.created === streams[partition]?.created) return info
    const error = new MagpieError("UNAVAILABLE", "the log in NATS was replaced")
    onLost(error)
    throw error
  }
}
