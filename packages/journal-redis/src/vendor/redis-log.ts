import type { BrokerRecord, JournalBroker, JournalConnection, JournalPlace, RecordReader } from "@magpie/journal"
import { type Log, MagpieError } from "@magpie/protocol"
import type { Redis, RedisOptions } from "ioredis"
import { createConnection, opened } from "./connection.ts"
import { APPEND, OPEN, PLACE } from "./scripts.ts"

export interface RedisLogOptions {
  readonly url: string
  readonly name: string
  readonly partitions: number
  readonly client: RedisOptions
  readonly log: Log
}

/** Ids of a stream count on their own since this version. */
const OLDEST_MAJOR = 7
const RECORDS_PER_READ = 256
const BLOCK_MS = 5_000
/** A read that takes longer than it may wait at the server is on a dead line. */
const READ_MS = 15_000

/** What an answer may mean, weakest first. */
export const LEVELS = ["memory", "process", "disk"] as const
type Level = (typeof LEVELS)[number]
/** Whether nodes let go of records. */
export const TRIMS = true

/** A log in Redis Streams: one stream a partition. */
export function redisLog(options: RedisLogOptions): JournalBroker {
  return {
    name: "redis",
    partitions: options.partitions,
    trims: TRIMS,
    async connect(onLost) {
      const connection = await opened(createConnection(options.url, options.client), onLost)
      try {
        const runId = await checkedRunId(connection)
        const level = await levelOf(connection, options.log)
        const lives = await openedStreams(connection, options)
        return new RedisConnection({ options, connection, runId, level, lives, onLost })
      } catch (cause) {
        connection.disconnect()
        throw cause
      }
    },
  }
}

const metaKey = (name: string): string => `{${name}}:journal`
const streamKey = (name: string, partition: number): string => `{${name}}:journal:${partition}`

/** Names this run of the server. Fails where it is too old, or a replica, which takes no appends. */
async function checkedRunId(connection: Redis): Promise<string> {
  const info = `${await connection.info("server")}${await connection.info("replication")}`
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? ""
  if (Number.parseInt(field("redis_version"), 10) < OLDEST_MAJOR) {
    throw new MagpieError("INVALID_OPTIONS", `url: Redis ${field("redis_version")} is too old, ${OLDEST_MAJOR} is needed`)
  }
  if (field("role") === "slave") throw new MagpieError("UNAVAILABLE", "this Redis is a replica")
  return field("run_id")
}

/**
 * What the settings make of an answer. With `everysec` Redis puts its write off while an fsync is under way, up to two
 * seconds, and answers all the same: a crash of Redis alone can lose that.
 */
async function levelOf(connection: Redis, log: Log): Promise<Level> {
  const settings = new Map<string, string>()
  try {
    for (const pattern of ["append*", "no-appendfsync-on-rewrite", "maxmemory-policy", "maxmemory"]) {
      const flat = (await connection.config("GET", pattern)) as string[]
      for (let index = 0; index + 1 < flat.length; index += 2) settings.set(flat[index] ?? "", flat[index + 1] ?? "")
    }
  } catch {
    // Where a provider hides its settings nothing is known, and nothing is promised.
    return "memory"
  }
  if (settings.get("maxmemory") !== "0" && settings.get("maxmemory-policy")?.startsWith("allkeys")) {
    log("error", "redis.evicts", { policy: settings.get("maxmemory-policy") })
    return "memory"
  }
  if (settings.get("appendonly") !== "yes" || settings.get("appendfsync") === "everysec") return "memory"
  return settings.get("appendfsync") === "always" && settings.get("no-appendfsync-on-rewrite") === "no" ? "disk" : "process"
}

async function openedStreams(connection: Redis, { name, partitions }: RedisLogOptions): Promise<readonly string[]> {
  const key = metaKey(name)
  await connection.hsetnx(key, "partitions", partitions)
  const found = Number(await connection.hget(key, "partitions"))
  if (found !== partitions) {
    throw new MagpieError("INVALID_OPTIONS", `partitions: the log ${name} was made with ${found}`, { details: { option: "partitions" } })
  }
  const lives: string[] = []
  for (let partition = 0; partition < partitions; partition++) {
    lives.push(String(await connection.eval(OPEN, 2, key, streamKey(name, partition), partition)))
  }
  return lives
}

interface Opened {
  readonly options: RedisLogOptions
  readonly connection: Redis
  readonly runId: string
  readonly level: Level
  /** By partition. */
  readonly lives: readonly string[]
  readonly onLost: (cause?: unknown) => void
}

class RedisConnection implements JournalConnection {
  readonly level: Level
  readonly #opened: Opened
  readonly #readers = new Set<RecordReader>()

  constructor(opened: Opened) {
    this.#opened = opened
    this.level = opened.level
  }

  async append(partition: number, records: readonly Uint8Array[]): Promise<void> {
    const { connection } = this.#opened
    const { key, stream, life } = this.#of(partition)
    const values = records.map((record) => Buffer.from(record.buffer, record.byteOffset, record.byteLength))
    if ((await connection.eval(APPEND, 2, key, stream, partition, life, ...values)) !== 1) throw this.#over()
  }

  async trim(partition: number, before: number): Promise<void> {
    const { stream, life } = this.#of(partition)
    await this.#opened.connection.xtrim(stream, "MINID", idOf(life, before))
  }

  async place(partition: number): Promise<JournalPlace> {
    const { connection, runId } = this.#opened
    const { key, stream, life } = this.#of(partition)
    const [now, first, last] = (await connection.eval(PLACE, 2, key, stream, partition)) as string[]
    if (now !== life) throw this.#over()
    const newest = positionOf(life, last ?? "") ?? 0
    return { incarnation: `${runId}.${life}`, oldest: positionOf(life, first ?? "") ?? newest + 1, newest }
  }

  read(partition: number, from: number): RecordReader {
    const { stream, life } = this.#of(partition)
    const { options } = this.#opened
    const connection = createConnection(options.url, options.client, READ_MS)
    let after = from <= 1 ? "0-0" : idOf(life, from - 1)
    let stopped = false
    let ready: Promise<unknown> | undefined
    const read = async (): Promise<readonly BrokerRecord[]> => {
      ready ??= connection.connect()
      await ready
      const answer = await connection.xreadBuffer("COUNT", RECORDS_PER_READ, "BLOCK", BLOCK_MS, "STREAMS", stream, after)
      const entries = (answer?.[0]?.[1] ?? []) as unknown as readonly [id: Buffer, fields: readonly Buffer[]][]
      const records = entries.map(([id, fields]) => {
        const position = positionOf(life, id.toString())
        const record = fields[1]
        if (position === undefined || record === undefined) throw this.#over()
        return { position, record }
      })
      const last = records.at(-1)
      if (last !== undefined) after = idOf(life, last.position)
      return records
    }
    const reader: RecordReader = {
      async next() {
        try {
          return stopped ? [] : await read()
        } catch (cause) {
          if (stopped) return []
          throw cause
        }
      },
      stop: () => {
        stopped = true
        connection.disconnect()
        this.#readers.delete(reader)
      },
    }
    this.#readers.add(reader)
    return reader
  }

  async close(): Promise<void> {
    for (const reader of [...this.#readers]) reader.stop()
    this.#opened.connection.disconnect()
  }

  #of(partition: number): { readonly key: string; readonly stream: string; readonly life: string } {
    const { options, lives } = this.#opened
    return { key: metaKey(options.name), stream: streamKey(options.name, partition), life: lives[partition] ?? "" }
  }

  /** The log that this connection knows is gone; the next connection says what is there. */
  #over(): MagpieError {
    const error = new MagpieError("UNAVAILABLE", "the log in Redis was replaced")
    this.#opened.onLost(error)
    return error
  }
}

/** Redis counts from 0. */
function idOf(life: string, position: number): string {
  return `${life}-${position - 1}`
}

function positionOf(life: string, id: string): number | undefined {
  const [its, number] = id.split("-")
  return its === life ? Number(number) + 1 : undefined
}
