import type { NeighbourRecord, NeighbourWriting } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import { opened } from "./connection.ts"
import type { ReadQueueOptions } from "./reading-queue.ts"

export type WriteQueueOptions = Omit<ReadQueueOptions, "prefetch">

/** Writes to a queue by way of the default exchange; each message is persistent, and confirmed. */
export async function writeQueue({ url, client, queue, keyHeader, onLost }: WriteQueueOptions): Promise<NeighbourWriting> {
  const connection = await opened(url, client, onLost)
  try {
    await connection.queueDeclare({ queue, passive: true })
    const channel = await connection.acquire()
    await channel.confirmSelect()
    let returned: MagpieError | undefined
    // What cannot be put into a queue is confirmed all the same, and comes back just before.
    channel.on("basic.return", () => {
      returned = new MagpieError("UNAVAILABLE", `the queue ${queue} is gone`)
      onLost(returned)
    })
    channel.on("close", () => onLost())
    return {
      async send(records) {
        const confirms = records.map((record) => {
          const { id, value } = record
          const headers = headersOf(record, keyHeader)
          const named = id === undefined ? {} : { messageId: id }
          return channel.basicPublish({ routingKey: queue, durable: true, mandatory: true, headers, ...named }, Buffer.from(value))
        })
        const failed = (await Promise.allSettled(confirms)).find(({ status }) => status === "rejected")
        if (returned !== undefined) throw returned
        if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
      },
      close: async () => connection.unsafeDestroy(),
    }
  } catch (cause) {
    connection.unsafeDestroy()
    throw cause
  }
}

/** The routing key is the queue's name, so the record's key is a header. */
function headersOf({ headers, key }: NeighbourRecord, keyHeader = "magpie-key"): Readonly<Record<string, string>> {
  return key === undefined ? headers : { ...headers, [keyHeader]: key }
}
