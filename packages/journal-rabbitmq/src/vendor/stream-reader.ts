import { type BrokerRecord, RecordQueue, type RecordReader } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { AsyncMessage, Connection } from "rabbitmq-client"

/** Ours in a stream beside the records: it says nothing, but is certainly behind all that was acknowledged before it. */
export const MARKER_HEADER = "magpie-marker"
/** So many may be on their way; a quarter of them is acknowledged at a time, which lets the next ones come. */
const PREFETCH = 256
const ACK_SHARE = 4

/** What stands in a stream at a position: a record, or a marker with its name. */
export interface StreamEntry extends BrokerRecord {
  readonly marker: string | undefined
}

/** Where to begin: at a position, at the oldest entry, or with what comes from now on. */
export type StreamStart = number | "first" | "next"

/**
 * Gives every entry of a stream to `take`, one at a time, until the disposer is called. `onEnd` is called where the broker
 * ends it.
 */
export async function consume(
  connection: Connection,
  { queue, from, prefetch = PREFETCH }: { readonly queue: string; readonly from: StreamStart; readonly prefetch?: number },
  take: (entry: StreamEntry) => void | Promise<void>,
  onEnd: (cause: unknown) => void,
): Promise<() => void> {
  const channel = await connection.acquire()
  let over = false
  const end = (cause?: unknown): void => {
    if (!over) onEnd(cause ?? new MagpieError("UNAVAILABLE", "RabbitMQ ended the reading"))
    over = true
  }
  channel.on("basic.cancel", (_tag, cause) => end(cause))
  channel.on("close", () => end())
  const ackEvery = Math.max(1, Math.floor(prefetch / ACK_SHARE))
  let taken = 0
  let taking: Promise<void> = Promise.resolve()
  const receive = ({ headers, body, deliveryTag }: AsyncMessage): void => {
    taking = taking.then(async () => {
      if (over) return
      const position = Number(headers?.["x-stream-offset"]) + 1
      // A chunk is given whole, also where the reader begins within it.
      if (typeof from !== "number" || position >= from) await take({ position, record: body, marker: headers?.[MARKER_HEADER] })
      if (++taken % ackEvery === 0 && !over && channel.active) channel.basicAck({ deliveryTag, multiple: true })
    })
    taking.catch(end)
  }
  await channel.basicQos({ prefetchCount: prefetch })
  const offset = typeof from === "number" ? Math.max(0, from - 1) : from
  await channel.basicConsume({ queue, arguments: { "x-stream-offset": offset } }, receive)
  return () => {
    over = true
    channel.close().catch(() => {})
  }
}

/** Reads the records of a stream; markers are holes. */
export function streamReader(connection: Connection, queue: string, from: number, onStop: () => void): RecordReader {
  let stop: (() => void) | undefined
  let stopped = false
  const records = new RecordQueue(() => {
    stopped = true
    stop?.()
    onStop()
  })
  const take = async ({ position, record, marker }: StreamEntry): Promise<void> => {
    if (marker === undefined) await records.push({ position, record })
  }
  consume(connection, { queue, from }, take, (cause) => records.fail(cause)).then(
    (dispose) => {
      stop = dispose
      if (stopped) dispose()
    },
    (cause: unknown) => records.fail(cause),
  )
  return records
}

/** The first entry from a start on for which something is so, and all that came before it. `begun` is called when it reads. */
export async function readUntil(
  connection: Connection,
  start: { readonly queue: string; readonly from: StreamStart; readonly prefetch?: number },
  fits: (entry: StreamEntry) => boolean,
  begun: () => Promise<void> = async () => {},
): Promise<{ readonly before: readonly StreamEntry[]; readonly found: StreamEntry }> {
  const before: StreamEntry[] = []
  let dispose: (() => void) | undefined
  try {
    const found = await new Promise<StreamEntry>((resolve, reject) => {
      const take = (entry: StreamEntry): void => {
        if (fits(entry)) resolve(entry)
        else before.push(entry)
      }
      consume(connection, start, take, reject)
        .then((disposer) => {
          dispose = disposer
          return begun()
        })
        .catch(reject)
    })
    return { before, found }
  } finally {
    dispose?.()
  }
}
