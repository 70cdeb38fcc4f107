import type { JournalBroker, JournalConnection, JournalPlace, RecordReader } from "@magpie/journal"
import { MagpieError, type Random } from "@magpie/protocol"
import type { Channel, Connection } from "rabbitmq-client"
import { opened, type RabbitMQClientOptions } from "./connection.ts"
import { isCode, lifeOf } from "./life.ts"
import { MARKER_HEADER, readUntil, streamReader } from "./stream-reader.ts"

export interface RabbitMQLogOptions {
  readonly url: string
  readonly name: string
  readonly partitions: number
  readonly maxBytes: number | undefined
  readonly client: RabbitMQClientOptions
  readonly random: Random
}

/** How many positions before its marker a node looks for the newest record, and how much further each time. */
const LOOK_BACK = 8
const MARKER_BYTES = 8

/** What an answer may mean, weakest first. */
export const LEVELS = ["process"] as const
type Level = (typeof LEVELS)[number]
/** Whether nodes let go of records. */
export const TRIMS = false

/** A log in RabbitMQ streams, by AMQP 0-9-1: one stream a partition. */
export function rabbitmqLog(options: RabbitMQLogOptions): JournalBroker {
  return {
    name: "rabbitmq",
    partitions: options.partitions,
    trims: TRIMS,
    async connect(onLost) {
      const connection = await opened(options.url, options.client, onLost)
      try {
        const life = await lifeOf(connection, options)
        for (let partition = 0; partition < options.partitions; partition++) await madeStream(connection, options, partition)
        const publishing = await connection.acquire()
        await publishing.confirmSelect()
        return new RabbitMQConnection({ options, connection, publishing, life, onLost })
      } catch (cause) {
        connection.unsafeDestroy()
        throw cause
      }
    },
  }
}

const streamName = (name: string, partition: number): string => `${name}.journal.${partition}`

/** One that is there stays as it is, also with another bound. */
async function madeStream(connection: Connection, { name, maxBytes }: RabbitMQLogOptions, partition: number): Promise<void> {
  const queue = streamName(name, partition)
  try {
    await connection.queueDeclare({ queue, passive: true })
  } catch (cause) {
    if (!isCode(cause, "NOT_FOUND")) throw cause
    const bound = maxBytes === undefined ? {} : { "x-max-length-bytes": maxBytes }
    await connection.queueDeclare({ queue, durable: true, arguments: { "x-queue-type": "stream", ...bound } })
  }
}

interface Opened {
  readonly options: RabbitMQLogOptions
  readonly connection: Connection
  /** With confirms. */
  readonly publishing: Channel
  readonly life: string
  readonly onLost: (cause?: unknown) => void
}

class RabbitMQConnection implements JournalConnection {
  /** RabbitMQ confirms what is with the operating systems of most copies, and AMQP does not tell how many there are. */
  readonly level: Level = "process"
  readonly #opened: Opened
  readonly #readers = new Set<RecordReader>()
  /** By partition: the newest record that was there at the first look, or that came since. */
  readonly #newest = new Map<number, number>()
  #returned: MagpieError | undefined

  constructor(opened: Opened) {
    this.#opened = opened
    const { publishing, onLost } = opened
    // What cannot be put into a queue is confirmed all the same, and comes back just before.
    publishing.on("basic.return", () => {
      this.#returned = new MagpieError("UNAVAILABLE", "the log in RabbitMQ is gone")
      onLost(this.#returned)
    })
    publishing.on("close", () => onLost())
  }

  append(partition: number, records: readonly Uint8Array[]): Promise<void> {
    return this.#publish(partition, records, {})
  }

  async #publish(partition: number, records: readonly Uint8Array[], headers: Readonly<Record<string, string>>): Promise<void> {
    const { publishing, options } = this.#opened
    const envelope = { routingKey: streamName(options.name, partition), durable: true, mandatory: true, headers }
    const confirms = records.map((record) =>
      publishing.basicPublish(envelope, Buffer.from(record.buffer, record.byteOffset, record.byteLength)),
    )
    const failed = (await Promise.allSettled(confirms)).find(({ status }) => status === "rejected")
    if (this.#returned !== undefined) throw this.#returned
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
  }

  async trim(): Promise<void> {}

  async place(partition: number): Promise<JournalPlace> {
    const { connection, options, life } = this.#opened
    const queue = streamName(options.name, partition)
    const known = this.#newest.get(partition)
    const marker = known === undefined ? await this.#mark(partition) : undefined
    const { found: first } = await readUntil(connection, { queue, from: "first", prefetch: 1 }, () => true)
    const newest = known ?? (await this.#newestBefore(queue, first.position, marker ?? 0))
    this.#newest.set(partition, Math.max(newest, this.#newest.get(partition) ?? 0))
    return { incarnation: life, oldest: first.position, newest: Math.max(first.position - 1, this.#newest.get(partition) ?? 0) }
  }

  /** Streams do not say where they end. What is written now, and comes to who reads already, does. */
  async #mark(partition: number): Promise<number> {
    const { connection, options } = this.#opened
    const name = Buffer.from(options.random.bytes(MARKER_BYTES)).toString("hex")
    const start = { queue: streamName(options.name, partition), from: "next" } as const
    const mark = () => this.#publish(partition, [new Uint8Array()], { [MARKER_HEADER]: name })
    const { found } = await readUntil(connection, start, ({ marker }) => marker === name, mark)
    return found.position
  }

  async #newestBefore(queue: string, first: number, marker: number): Promise<number> {
    for (let back = LOOK_BACK; ; back *= LOOK_BACK) {
      const from = Math.max(first, marker - back)
      const { before } = await readUntil(this.#opened.connection, { queue, from }, ({ position }) => position >= marker)
      const newest = before.findLast((entry) => entry.marker === undefined)
      if (newest !== undefined) return newest.position
      if (from === first) return first - 1
    }
  }

  read(partition: number, from: number): RecordReader {
    const { connection, options } = this.#opened
    const reader = streamReader(connection, streamName(options.name, partition), from, () => this.#readers.delete(reader))
    this.#readers.add(reader)
    const next = async (): ReturnType<RecordReader["next"]> => {
      const records = await reader.next()
      this.#newest.set(partition, Math.max(this.#newest.get(partition) ?? 0, records.at(-1)?.position ?? 0))
      return records
    }
    return { next, stop: () => reader.stop() }
  }

  async close(): Promise<void> {
    for (const reader of [...this.#readers]) reader.stop()
    this.#opened.connection.unsafeDestroy()
  }
}
